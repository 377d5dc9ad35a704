import { Doorbell } from '@memlane/core'
import { consumerNumber, producerNumber, Sleepers } from '@memlane/protocol/internal'
import type { StreamChannel } from './stream-channel.js'

/** Wakes those of the other side who sleep. */
export class Bells {
  readonly #channel: StreamChannel
  readonly #sleepers: Sleepers
  readonly #numberOf: (index: number) => number
  readonly #bells: (Doorbell | undefined)[] = []
  readonly #ring = (index: number): void => {
    const bell = this.#bells[index] ?? this.#open(index)
    bell.ring()
  }

  private constructor(channel: StreamChannel, sleepers: Sleepers, numberOf: (index: number) => number) {
    this.#channel = channel
    this.#sleepers = sleepers
    this.#numberOf = numberOf
  }

  static ofConsumers(channel: StreamChannel): Bells {
    return new Bells(channel, Sleepers.consumers(channel.control), consumerNumber)
  }

  static ofProducers(channel: StreamChannel): Bells {
    return new Bells(channel, Sleepers.producers(channel.control), producerNumber)
  }

  /**
   * Rings for each who sleeps, once for each sleep. Call it after what they wait for has been published. Nobody asleep is
   * the usual case, and costs one load.
   *
   * @throws SharedMemoryError as `Doorbell.open` and `ring`
   */
  ringSleepers(): void {
    if (this.#sleepers.any()) this.#ringNew()
  }

  #ringNew(): void {
    this.#sleepers.forEachNew(this.#ring)
  }

  #open(index: number): Doorbell {
    const bell = this.#channel.keep(Doorbell.open(this.#channel.memory, this.#numberOf(index)))
    this.#bells[index] = bell
    return bell
  }
}
