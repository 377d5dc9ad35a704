/** How a consumer of a queue comes, how it learns that other consumers have died, and how it cleans up after them. */

import { type Doorbell, Lease } from '@memlane/core'
import { announceReturn, DEAD, forEachBit, giveBackOf, joinConsumers, leaveConsumers } from '@memlane/protocol/internal'
import type { Bells } from './bells.js'
import type { QueueChannel } from './queue.js'
import { claimSlot } from './slot-claim.js'

/** The bells of both sides of a queue. */
export interface QueueBells {
  readonly consumers: Bells
  readonly producers: Bells
}

/** What happened to a message whose consumer died or kept it for too long. */
type OnGivenUp = (index: number, word: number, isDead: boolean) => void

/** How many producers live and have not closed. Asks the kernel. */
export function countProducers({ memory, control }: QueueChannel): number {
  const { producers } = control
  let count = 0
  control.forEachUsed((producer) => {
    if (control.stateOf(producer) === 'open' && Lease.isHeld(memory, producers.numberOf(producer))) count++
  })
  return count
}

/** How many consumers live. Asks the kernel. */
export function countConsumers({ memory, control }: QueueChannel): number {
  const { consumers } = control
  let count = 0
  forEachBit(control.liveConsumers(), (consumer) => {
    if (Lease.isHeld(memory, consumers.numberOf(consumer))) count++
  })
  return count
}

export class QueuePeers {
  readonly #channel: QueueChannel
  readonly #bells: QueueBells
  readonly #onGivenUp: OnGivenUp
  /** The place of this consumer; undefined before it has joined. */
  #self: number | undefined

  constructor(channel: QueueChannel, bells: QueueBells, onGivenUp: OnGivenUp) {
    this.#channel = channel
    this.#bells = bells
    this.#onGivenUp = onGivenUp
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
    const { control } = this.#channel
    let isAnyDead = false
    forEachBit(control.liveConsumers(), (consumer) => {
      if (consumer === this.#self) return
      const number = control.consumers.numberOf(consumer)
      if (bell === undefined ? this.#isHeld(consumer) : bell.watch(number)) return
      this.#recover(consumer)
      isAnyDead = true
    })
    // A producer may die between its message and the ring for it.
    if (bell !== undefined) {
      control.forEachUsed((producer) => {
        if (control.stateOf(producer) === 'open') bell.watch(control.producers.numberOf(producer))
      })
    }
    return isAnyDead
  }

  /** Gives back a message that its consumer has held for too long. The caller must then call `announce`. */
  takeAway(index: number, word: number): boolean {
    return this.#giveUp(index, word)
  }

  /** Tells all that messages were given back. */
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
    giveBackOf(this.#channel.control, consumer, isDead, (index, word) => this.#giveUp(index, word))
    // A producer may wait until all of its messages are settled: a dead letter is settled.
    this.#bells.producers.ringSleepers()
  }

  #giveUp(index: number, word: number): boolean {
    const { control } = this.#channel
    const kind = control.giveUp(index, word)
    if (kind === undefined) return false
    this.#onGivenUp(index, word, kind === DEAD)
    return true
  }

  #isHeld(consumer: number): boolean {
    const { memory, control } = this.#channel
    return Lease.isHeld(memory, control.consumers.numberOf(consumer))
  }
}
