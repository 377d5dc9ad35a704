import { Bells, claimSlot, countConsumers, Participant, type QueueChannel } from '@memlane/channel'
import { type Doorbell, Lease } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import {
  announceReturn,
  consumerOf,
  DEAD,
  FREE,
  forEachBit,
  generationOf,
  kindOf,
  loadSlot,
  MessageRecall,
  notBeforeIn,
  ProducerPlace,
  READY,
  RETURNED,
  reasonIn,
  SLOT_HEADER_LENGTH,
  SlotWriter,
} from '@memlane/protocol/internal'

/** Where a job lies in the local queue. */
export interface JobPlace {
  readonly producer: number
  readonly slot: number
  /** The slot's generation before the job was put there. */
  readonly generation: number
  /** Tells the job from others in its slot. */
  readonly sentAt: number
  /** True if the job is known to have been put there. */
  isThere?: boolean
}

/**
 * The state of a job: `absent` if it was not put into its slot, or perhaps not (see `stateOf`), `delayed` if a worker has given it back
 * and no worker may have it yet.
 */
export type JobState = 'absent' | 'waiting' | 'delayed' | 'running' | 'done' | 'dead'

/**
 * A producer of a local queue that sees what becomes of each of its messages. It knows a message by its slot and the time when it was sent, also if
 * the message was put there by a predecessor whose place another producer has now.
 */
export class JobSlots {
  readonly producer: number
  readonly #channel: QueueChannel
  readonly #participant: Participant<QueueChannel>
  readonly #place: ProducerPlace
  readonly #writer: SlotWriter
  readonly #recall: MessageRecall
  readonly #consumers: Bells
  #sentAt = 0
  /** How many consumers lived at the last look. */
  #living: number
  #hasChanged = false

  /**
   * Becomes a producer of the queue, in the place of one that died if there is one.
   *
   * @param wanted the place to try first
   * @throws SharedMemoryError `FULL`
   */
  constructor(channel: QueueChannel, wanted: number | undefined) {
    const { control } = channel
    const isDead = (place: number) => control.stateOf(place) === 'open'
    const prefers = (place: number) => (wanted === undefined ? isDead(place) : place === wanted && isDead(place))
    this.#channel = channel
    this.producer = claimSlot(channel, control.producers, { prefers }).slot
    this.#participant = new Participant(channel, control.producers, this.producer, 'park')
    this.#place = new ProducerPlace(control, this.producer)
    this.#consumers = Bells.of(channel, control.consumers)
    this.#consumers.ringSleepers() // they must watch this producer from now on
    this.#writer = new SlotWriter(control, this.producer, () => this.#sentAt, '')
    this.#recall = new MessageRecall(control, this.producer)
    this.#living = countConsumers(channel)
  }

  /** How many consumers live. */
  get consumers(): number {
    return this.#living
  }

  get maxMessageLength(): number {
    return this.#writer.maxMessageLength
  }

  /** Tells whether `put` would find a slot. */
  hasRoom(): boolean {
    return this.#writer.hasRoom(0) || (this.#writer.hasSeen(DEAD) && this.#channel.control.mayDropDead(this.producer))
  }

  /**
   * Puts a message into the queue. If no slot is free, gives up a dead letter above the limit of the queue.
   *
   * @param deliveries how often consumers elsewhere had got it: they count
   * @param note is called before the message is there
   * @returns false if no slot is free
   */
  put(bytes: Uint8Array, deliveries: number, note: (place: JobPlace) => void): boolean {
    const { control } = this.#channel
    if (!this.#writer.hasRoom(bytes.length) && this.#writer.hasSeen(DEAD) && control.dropDead(this.producer)) {
      this.#place.countDropped()
    }
    this.#writer.beginBatch() // the message becomes visible at its end
    try {
      const offset = this.#writer.claim(bytes.length)
      if (offset === -1) return false
      const index = (offset - SLOT_HEADER_LENGTH) / 4
      const generation = generationOf(loadSlot(control.words, index))
      this.#sentAt = Math.max(steadyNow(), this.#sentAt + 0.001)
      note({ producer: this.producer, slot: control.slotOf(index), generation, sentAt: this.#sentAt })
      new Uint8Array(control.data.buffer, offset, bytes.length).set(bytes)
      this.#writer.commit(bytes.length)
      control.countEarlier(index, deliveries)
      return true
    } finally {
      this.#writer.abort()
      if (this.#writer.endBatch() !== 0) this.#consumers.ringSleepers()
    }
  }

  stateOf(place: JobPlace): JobState {
    const { control } = this.#channel
    const index = this.#indexOf(place)
    const word = loadSlot(control.words, index)
    if (kindOf(word) === FREE && generationOf(word) === place.generation) return 'absent'
    // After the word: if another message has come since, the time tells that. Without `isThere`, the bridge was killed around the put, and
    // another producer has used the slot since: then the job may have been done, or never put. To put it again loses nothing.
    if (control.sentAtOf(index) !== place.sentAt) return place.isThere ? 'done' : 'absent'
    switch (kindOf(word)) {
      case FREE:
        return 'done'
      case DEAD:
        return 'dead'
      case READY:
        return 'waiting'
      case RETURNED: {
        const notBefore = notBeforeIn(control.data, control.noteOf(index), generationOf(word))
        return notBefore > steadyNow() ? 'delayed' : 'waiting'
      }
      default:
        return 'running'
    }
  }

  /** How often consumers got a job, those elsewhere included. */
  deliveriesOf(place: JobPlace): number {
    return this.#channel.control.takesOf(this.#indexOf(place), this.wordOf(place))
  }

  /** The word of a job's slot: if it has not changed, nothing has. */
  wordOf(place: JobPlace): number {
    return loadSlot(this.#channel.control.words, this.#indexOf(place))
  }

  /** Why a job became a dead letter; undefined if its worker died. */
  reasonOf(place: JobPlace): string | undefined {
    const { control } = this.#channel
    const index = this.#indexOf(place)
    return reasonIn(control.data, control.noteOf(index), generationOf(loadSlot(control.words, index)))
  }

  /** Takes back a job that waits. @returns false if a consumer was faster, an older job waits, or another producer has the place now */
  takeBack(place: JobPlace): boolean {
    const word = this.wordOf(place) // before the state: if another message is there now, the word has changed
    const state = this.stateOf(place)
    return (state === 'waiting' || state === 'delayed') && this.#recall.takeBack(this.#indexOf(place), word)
  }

  /** Gives a job back to the queue if its consumer died. The other consumers do that; this is for a queue that has none. */
  giveUpIfDead(place: JobPlace): void {
    const { control, memory } = this.#channel
    const word = this.wordOf(place)
    if (this.stateOf(place) !== 'running') return
    if (Lease.isHeld(memory, control.consumers.numberOf(consumerOf(word)))) return
    control.giveUp(this.#indexOf(place), word)
    announceReturn(control)
    this.#consumers.ringSleepers()
  }

  /** Asks the kernel how many consumers live. */
  refresh(): void {
    this.#living = countConsumers(this.#channel)
  }

  /**
   * Waits until the condition is true, a consumer comes or goes, or the time is over.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  async wait(isThere: () => boolean, timeoutMs: number): Promise<void> {
    const { control } = this.#channel
    const seen = control.liveConsumers()
    this.#hasChanged = false
    const condition = {
      isThere: () => isThere() || this.#hasChanged || control.liveConsumers() !== seen,
      watchPeers: (bell: Doorbell | undefined) => this.#watch(bell),
    }
    await this.#participant.waiter.wait(condition, { timeoutMs })
    this.#participant.checkOpen()
  }

  /** Makes `wait` check its condition. */
  wake(): void {
    this.#participant.waiter.wake()
  }

  /** Ends this producer. What it has put stays in the queue. */
  close(): void {
    this.#participant.close(() => {
      this.#place.close()
      this.#consumers.ringSleepers()
    })
  }

  /** A dead consumer keeps its bit until another one comes. So only a change of their number ends the wait. */
  #watch(bell: Doorbell | undefined): boolean {
    const { memory, control } = this.#channel
    let living = 0
    forEachBit(control.liveConsumers(), (consumer) => {
      const number = control.consumers.numberOf(consumer)
      if (bell === undefined ? Lease.isHeld(memory, number) : bell.watch(number)) living++
    })
    if (living !== this.#living) this.#hasChanged = true
    this.#living = living
    return this.#hasChanged
  }

  #indexOf({ producer, slot }: JobPlace): number {
    return this.#channel.control.slotIndex(producer, slot)
  }
}
