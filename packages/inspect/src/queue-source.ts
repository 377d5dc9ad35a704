import type { QueueChannel } from '@memlane/channel'
import type { AnyCodec } from '@memlane/protocol'
import { FREE, generationOf, kindOf, LENGTH, loadAfterCopy, MAX_GENERATION } from '@memlane/protocol/internal'
import { CopiedPayload } from './copied-payload.js'
import { ObservedRing } from './observed-ring.js'
import { SeenMessage } from './seen-message.js'
import { hasDeadProducer, hasLivingParticipant } from './slot-participants.js'
import type { TailOptions } from './tail.js'
import type { TailSource, Take } from './tail-source.js'
import { UntouchedSlots } from './untouched-slots.js'
import { wallTime } from './wall-clock.js'

/** One producer's part of the queue. */
interface ObservedProducer {
  readonly ring: ObservedRing
  /** Says something about the messages that came since the last `poll`. */
  untouched: UntouchedSlots
  missedBefore: number
  /** Messages before this position were sent before the tail was opened. They are not counted as missed. */
  readonly since: number
}

/** The messages of a queue as they come, whoever takes them. */
export class QueueSource implements TailSource {
  missed = 0
  readonly #channel: QueueChannel
  readonly #copy = new CopiedPayload()
  readonly #message: SeenMessage
  readonly #producers: ObservedProducer[] = []
  #sentAt = 0
  #turn = 0

  constructor(channel: QueueChannel, codec: AnyCodec, from: NonNullable<TailOptions['from']>) {
    this.#channel = channel
    this.#message = new SeenMessage(codec, this.#copy.data)
    this.#takeUp(from)
  }

  poll(take: Take, limit: number): number {
    this.#takeUp('first')
    let count = 0
    for (let visited = 0; visited < this.#producers.length && count < limit; visited++) {
      this.#turn = (this.#turn + 1) % this.#producers.length
      count += this.#pollOne(this.#producers[this.#turn] as ObservedProducer, take, limit - count)
    }
    return count
  }

  #pollOne(producer: ObservedProducer, take: Take, limit: number): number {
    const { ring } = producer
    const next = producer.untouched.next(ring.producer) // before the end of the ring is loaded
    this.#miss(producer, Math.min(ring.refresh(), countFrom(producer.since, ring.nextPosition)))
    let count = 0
    while (!ring.isDone && count < limit) {
      if (!ring.next() || !this.#read(producer)) {
        this.#miss(producer, Math.min(1, countFrom(producer.since, ring.nextPosition)))
        continue
      }
      count++
      this.#show(producer)
      take(this.#message)
    }
    if (ring.isDone) producer.untouched = next
    return count
  }

  /** Copies the message of the ring's entry. False if it was replaced, or perhaps is being replaced. */
  #read({ ring, untouched }: ObservedProducer): boolean {
    const { control } = this.#channel
    const index = control.slotIndex(ring.producer, ring.slot)
    const length = control.words[index + LENGTH] as number
    if (length >>> 0 > control.maxMessageLength) return false
    this.#copy.copyFrom(control.words, control.payloadOf(index), length)
    this.#sentAt = control.sentAtOf(index)
    const word = loadAfterCopy(control.words, index)
    const takes = (generationOf(word) - ring.generation) & MAX_GENERATION
    if (control.takesOf(index, word) !== takes) return false // another message was filled in
    if (kindOf(word) === FREE && !untouched.isUntouched(index)) return false
    return ring.isThere()
  }

  #show(producer: ObservedProducer): void {
    const message = this.#message
    message.producer = producer.ring.producer
    message.sequence = producer.ring.position >>> 0
    message.missedBefore = producer.missedBefore
    message.time = wallTime(this.#sentAt)
    message.show(this.#copy)
    producer.missedBefore = 0
  }

  #miss(producer: ObservedProducer, count: number): void {
    producer.missedBefore += count
    this.missed += count
  }

  /** Takes up the places that are in use. */
  #takeUp(from: NonNullable<TailOptions['from']> | 'first'): void {
    const { control } = this.#channel
    control.forEachUsed((producer) => {
      if (this.#producers.some(({ ring }) => ring.producer === producer)) return
      const untouched = UntouchedSlots.fromTheStart(control, producer)
      const end = control.sentBy(producer) | 0
      const since = from === 'first' ? 0 : end
      const make = (start: number) => ({
        ring: new ObservedRing(control, producer, start),
        untouched,
        missedBefore: 0,
        since,
      })
      const oldest = (end - control.capacity) | 0
      if (from === 'first') this.#producers.push(make(0))
      else if (from === 'oldest') this.#producers.push(make(oldest))
      else this.#producers.push(make(from === 'newest' ? this.#newestIn(make(oldest), end) : end))
    })
  }

  /** The position of the newest message that is still there. */
  #newestIn(producer: ObservedProducer, end: number): number {
    const { ring } = producer
    ring.refresh()
    let newest = end
    while (!ring.isDone) if (ring.next() && this.#read(producer)) newest = ring.position
    return newest
  }

  isInUse(): boolean {
    return hasLivingParticipant(this.#channel)
  }

  hasDied(): boolean {
    return hasDeadProducer(this.#channel)
  }
}

/** How many positions there are from one to another. 0 if that comes before. */
function countFrom(since: number, end: number): number {
  return Math.max(0, (end - since) | 0)
}
