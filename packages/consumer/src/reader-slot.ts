import { claimSlot, type EndOn, type LatestChannel, Participant, type WaitStrategy } from '@memlane/channel'
import { SleepMark } from '@memlane/protocol/internal'
import { ChangeWaits } from './change-waits.js'
import { type WriterState, WriterWatch } from './writer-watch.js'

/** What `close` needs of a key's reader. */
export interface OpenKey {
  /** @throws TypeError inside `read` */
  checkNotReading(): void
  /** Refuses everything from now on. */
  end(): void
}

/** The reader of a latest, as all of its keys see it. It also closes them: nobody else can. */
export class ReaderSlot {
  readonly channel: LatestChannel
  readonly participant: Participant<LatestChannel>
  readonly waits: ChangeWaits
  readonly #writer: WriterWatch
  readonly #keys: OpenKey[] = []

  /**
   * Takes a slot if the memory may be written: its doorbell wakes this reader.
   *
   * @throws SharedMemoryError `FULL` if no slot is free
   */
  constructor(channel: LatestChannel, waitStrategy: WaitStrategy, endOn: EndOn) {
    const { readers } = channel.control
    const claim = channel.memory.access === 'readwrite' ? claimSlot(channel, readers) : undefined
    if (claim !== undefined) SleepMark.of(readers, claim.slot).clear() // the mark of a predecessor that died
    this.channel = channel
    this.participant = new Participant(channel, readers, claim?.slot, waitStrategy)
    this.#writer = new WriterWatch(this.participant, endOn)
    this.waits = new ChangeWaits(this.participant, this.#writer)
  }

  get writer(): WriterState {
    this.participant.checkOpen()
    return this.#writer.state
  }

  addKey(key: OpenKey): void {
    this.#keys.push(key)
  }

  /** @throws TypeError in the handler of `read` */
  close(): void {
    for (const key of this.#keys) key.checkNotReading()
    for (const key of this.#keys) key.end()
    this.participant.close(() => {})
  }
}
