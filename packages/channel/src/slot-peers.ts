/** How a consumer of slots comes, how it learns that other consumers have died, and how it cleans up after them. For queues and calls. */

import { type Doorbell, Lease } from '@memlane/core'
import {
  announceReturn,
  forEachBit,
  giveBackOf,
  joinConsumers,
  leaveConsumers,
  type SlotTable,
} from '@memlane/protocol/internal'
import type { Bells } from './bells.js'
import type { Channel } from './channel.js'
import { claimSlot } from './slot-claim.js'

/** A channel of slots: a queue, or calls. */
// biome-ignore lint/suspicious/noExplicitAny: the fields of the header stand on both sides of the functions of Shape
export type SlotsChannel = Channel<any, SlotTable>

/** The bells of both sides. */
export interface SlotBells {
  readonly consumers: Bells
  readonly producers: Bells
}

/**
 * Takes a slot away from a consumer that died. The word is what named the consumer. It may have changed meanwhile: whoever loads it again must then
 * ask again whether the consumer is dead, because a newcomer may have its place.
 */
type GiveUp = (index: number, word: number, isDead: () => boolean) => unknown

/** How many producers live and have not closed. Asks the kernel. */
export function countProducers({ memory, control }: SlotsChannel): number {
  const { producers } = control
  let count = 0
  control.forEachUsed((producer) => {
    if (control.stateOf(producer) === 'open' && Lease.isHeld(memory, producers.numberOf(producer))) count++
  })
  return count
}

/** How many consumers live. Asks the kernel. */
export function countConsumers({ memory, control }: SlotsChannel): number {
  const { consumers } = control
  let count = 0
  forEachBit(control.liveConsumers(), (consumer) => {
    if (Lease.isHeld(memory, consumers.numberOf(consumer))) count++
  })
  return count
}

export class SlotPeers {
  readonly #channel: SlotsChannel
  readonly #bells: SlotBells
  readonly #giveUp: GiveUp
  /** The place of this consumer; undefined before it has joined. */
  #self: number | undefined

  constructor(channel: SlotsChannel, bells: SlotBells, giveUp: GiveUp) {
    this.#channel = channel
    this.#bells = bells
    this.#giveUp = giveUp
  }

  /**
   * Becomes a consumer.
   *
   * @returns its place
   * @throws SharedMemoryError `FULL`
   */
  join(): number {
    const { control } = this.#channel
    // Before it claims a place: a newcomer that is stopped must not keep the messages of a dead consumer from the others.
    forEachBit(control.liveConsumers(), (consumer) => {
      if (!this.#isHeld(consumer)) this.#giveBackOf(consumer, () => !this.#isHeld(consumer))
    })
    const { slot } = claimSlot(this.#channel, control.consumers)
    this.#self = slot
    this.#giveBackOf(slot, () => true) // messages of a predecessor that came and died meanwhile
    joinConsumers(control, slot)
    // All that sleep must watch this consumer from now on: its death would leave them asleep.
    this.#bells.consumers.ringSleepers()
    this.#bells.producers.ringSleepers()
    return slot
  }

  /** Announces the end of this consumer, which holds no message any more. */
  leave(consumer: number): void {
    leaveConsumers(this.#channel.control, consumer)
    this.#bells.consumers.ringSleepers()
    this.#bells.producers.ringSleepers()
  }

  /** As `WaitCondition.watchPeers`: watches the other consumers and the producers, and cleans up after dead consumers. */
  readonly watch = (bell: Doorbell | undefined): boolean => {
    const isAnyDead = this.watchConsumers(bell)
    const { control } = this.#channel
    // A producer may die between its message and the ring for it.
    if (bell !== undefined) {
      control.forEachUsed((producer) => {
        if (control.stateOf(producer) === 'open') bell.watch(control.producers.numberOf(producer))
      })
    }
    return isAnyDead
  }

  /** As `watch`, without the producers. */
  readonly watchConsumers = (bell: Doorbell | undefined): boolean => {
    const { control } = this.#channel
    let isAnyDead = false
    forEachBit(control.liveConsumers(), (consumer) => {
      if (consumer === this.#self) return
      const number = control.consumers.numberOf(consumer)
      if (bell === undefined ? this.#isHeld(consumer) : bell.watch(number)) return
      this.#recover(consumer)
      isAnyDead = true
    })
    return isAnyDead
  }

  /** Tells all that slots were given back. */
  announce(): void {
    announceReturn(this.#channel.control)
    this.#bells.consumers.ringSleepers()
    this.#bells.producers.ringSleepers()
  }

  /**
   * Gives back what a dead consumer held, without its lease first: a participant that is stopped in between blocks nobody. Then
   * claims the lease and looks again, because another one may have come and died there meanwhile.
   */
  #recover(consumer: number): void {
    const { memory, control } = this.#channel
    this.#giveBackOf(consumer, () => !this.#isHeld(consumer))
    const lease = Lease.claim(memory, control.consumers.numberOf(consumer))
    if (lease === undefined) return // another participant is cleaning up, or a newcomer is joining there
    try {
      this.#giveBackOf(consumer, () => true)
      leaveConsumers(control, consumer)
    } finally {
      lease.release()
    }
  }

  #giveBackOf(consumer: number, isDead: () => boolean): void {
    giveBackOf(this.#channel.control, consumer, isDead, (index, word) => this.#giveUp(index, word, isDead))
    this.#bells.consumers.ringSleepers()
    // A producer may wait until all of its messages are settled: a dead letter is settled. A client of calls waits for its answer.
    this.#bells.producers.ringSleepers()
  }

  #isHeld(consumer: number): boolean {
    const { memory, control } = this.#channel
    return Lease.isHeld(memory, control.consumers.numberOf(consumer))
  }
}
