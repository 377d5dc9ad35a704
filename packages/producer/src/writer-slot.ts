import { Bells, CoarseClock, cleanUpIfDead, type LatestChannel, Participant } from '@memlane/channel'
import { SleepMark } from '@memlane/protocol/internal'

/** How often a ring looks for readers that died asleep: their marks would make each value take the slow path. */
const RINGS_PER_CLEAN_UP = 1024

/** What `close` needs of a key's writer. */
export interface OpenKey {
  /** @throws TypeError while a value is being written */
  checkNotWriting(): void
  /** Refuses everything from now on. */
  end(): void
}

/**
 * The writer of a latest, as all of its keys see it. It also closes them: nobody else can. Make one only while holding the writer's
 * lease.
 */
export class WriterSlot {
  readonly channel: LatestChannel
  /** When values are set: milliseconds on the machine's monotonic clock. CoarseClock tells how late. */
  readonly now: () => number = new CoarseClock().now
  readonly #participant: Participant<LatestChannel>
  readonly #readers: Bells
  readonly #keys: OpenKey[] = []
  #rings = 0

  constructor(channel: LatestChannel) {
    const { control } = channel
    this.channel = channel
    this.#participant = new Participant(channel, control.writers, undefined)
    this.#readers = Bells.of(channel, control.readers)
    this.#readers.ringSleepers() // they must watch this writer from now on: its death would leave them asleep
    control.announceOpen()
    this.#readers.ringSleepers() // they may wait for a writer
  }

  get closed(): boolean {
    return this.#participant.closed
  }

  closedError(): Error {
    return this.#participant.closedError()
  }

  /** Wakes the readers that sleep. The caller has published a value, and has seen that a reader may sleep. */
  ring(): void {
    this.#readers.ringSleepers()
    if (++this.#rings % RINGS_PER_CLEAN_UP !== 0) return
    try {
      this.#clearMarksOfTheDead()
    } catch {
      // The value is visible, so this call must not fail. A later ring tries again.
    }
  }

  addKey(key: OpenKey): void {
    this.#keys.push(key)
  }

  /** @throws TypeError while a value of a key is being written */
  close(): void {
    for (const key of this.#keys) key.checkNotWriting()
    for (const key of this.#keys) key.end()
    this.#participant.close(() => {
      this.channel.control.announceClosed()
      this.#readers.ringSleepers()
    })
  }

  /** Clears the marks of readers that died asleep. */
  #clearMarksOfTheDead(): void {
    const { readers } = this.channel.control
    for (let slot = 0; slot < readers.count; slot++) {
      cleanUpIfDead(this.channel, readers, slot, () => SleepMark.of(readers, slot).clear())
    }
  }
}
