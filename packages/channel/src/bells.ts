import { Doorbell } from '@memlane/core'
import { type Side, Sleepers } from '@memlane/protocol/internal'
import type { AnyChannel } from './channel.js'

let rung = 0

/** How many bells this thread has rung. A change tells a waiter that some peer was asleep, probably its own. */
export function countRings(): number {
  return rung
}

/** Wakes the sleepers of one side. */
export class Bells {
  readonly #channel: AnyChannel
  readonly #side: Side
  readonly #sleepers: Sleepers
  readonly #bells: (Doorbell | undefined)[] = []
  readonly #ring = (slot: number): void => {
    const bell = this.#bells[slot] ?? this.#open(slot)
    bell.ring()
    rung++
  }

  private constructor(channel: AnyChannel, side: Side) {
    this.#channel = channel
    this.#side = side
    this.#sleepers = Sleepers.of(side)
  }

  /** The bells of a side's participants. */
  static of(channel: AnyChannel, side: Side): Bells {
    return new Bells(channel, side)
  }

  /**
   * Rings the bell of each sleeper, once per sleep. The caller must publish first, and then call it. Usually no participant
   * sleeps: then the call costs one load.
   *
   * @throws SharedMemoryError as `Doorbell.open` and `ring`
   */
  ringSleepers(): void {
    if (this.#sleepers.any()) this.#ringNew()
  }

  /** As `ringSleepers`, for the holder of one slot. */
  ringSleeper(slot: number): void {
    if (this.#sleepers.any()) this.#sleepers.ifNew(slot, this.#ring)
  }

  #ringNew(): void {
    this.#sleepers.forEachNew(this.#ring)
  }

  #open(slot: number): Doorbell {
    const bell = this.#channel.keep(Doorbell.open(this.#channel.memory, this.#side.numberOf(slot)))
    this.#bells[slot] = bell
    return bell
  }
}
