import { type Doorbell, Lease } from '@memlane/core'
import { now } from '@memlane/core/internal'
import { forEachBit } from '@memlane/protocol/internal'
import type { Bells } from './bells.js'
import type { Participant } from './participant.js'
import { cleanUpIfDead } from './slot-claim.js'
import type { StreamChannel } from './stream.js'

/** While its lane is full, a producer asks the kernel at most this often which consumers are dead. */
const EVICTION_INTERVAL_MS = 10

/** A producer's view of the consumers that it waits for: watches for their deaths, and removes the dead. */
export class ConsumerWatch {
  readonly #participant: Participant<StreamChannel>
  /** The bells of the other producers. */
  readonly #producers: Bells
  #nextEviction = 0
  /** The consumers whose death rings the bell, as of the last sleep. */
  #watched = 0

  constructor(participant: Participant<StreamChannel>, producers: Bells) {
    this.#participant = participant
    this.#producers = producers
  }

  /** How many consumers live and have chosen where to begin. Asks the kernel. Consumers that only read are not counted. */
  get count(): number {
    const { control, memory } = this.#participant.channel
    const { consumers } = control
    let count = 0
    for (let consumer = 0; consumer < consumers.count; consumer++) {
      if (control.isReady(consumer) && Lease.isHeld(memory, consumers.numberOf(consumer))) count++
    }
    return count
  }

  /** Removes dead consumers. Does nothing if the last call was less than EVICTION_INTERVAL_MS ago. True if it removed one. */
  evictDead(): boolean {
    const time = now()
    if (time < this.#nextEviction) return false
    this.#nextEviction = time + EVICTION_INTERVAL_MS
    let evicted = false
    forEachBit(this.#live(), (consumer) => {
      if (this.#evictIfDead(consumer)) evicted = true
    })
    return evicted
  }

  /** As `WaitCondition.watchPeers`. */
  readonly watch = (bell: Doorbell | undefined): boolean => {
    let evicted = false
    this.#watched = this.#live()
    forEachBit(this.#watched, (consumer) => {
      if (bell?.watch(this.#participant.channel.control.consumers.numberOf(consumer))) return
      if (this.#evictIfDead(consumer)) evicted = true
      else bell?.ring() // another participant is removing it, or a consumer is joining there: check again soon
    })
    return evicted
  }

  /** As `WaitCondition.hasNewPeer`. */
  readonly hasNew = (): boolean => !this.#participant.closed && (this.#live() & ~this.#watched) !== 0

  #live(): number {
    return this.#participant.channel.control.liveConsumers()
  }

  #evictIfDead(consumer: number): boolean {
    const { channel } = this.#participant
    const { control } = channel
    return cleanUpIfDead(channel, control.consumers, consumer, () => {
      // Rings before the eviction: a producer that waits for room may have seen this consumer, but may not watch it.
      this.#producers.ringSleepers()
      control.evict(consumer)
    })
  }
}
