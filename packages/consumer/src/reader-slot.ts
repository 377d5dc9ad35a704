import { claimSlot, type EndOn, type LatestChannel, Participant, type WaitStrategy } from '@memlane/channel'
import { SleepMark } from '@memlane/protocol/internal'
import { ChangeWaits } from './change-waits.js'
import { type WriterState, WriterWatch } from './writer-watch.js'

/** The reader of a latest, as all of its keys see it. */
export class ReaderSlot {
  readonly channel: LatestChannel
  readonly participant: Participant<LatestChannel>
  readonly waits: ChangeWaits
  readonly #writer: WriterWatch

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

  close(): void {
    this.participant.close(() => {})
  }
}
