import { type CallChannel, cleanUpIfDead, type SlotBells, SlotPeers } from '@memlane/channel'
import { type Doorbell, Lease } from '@memlane/core'
import { closeProducerPlace, giveBackOf } from '@memlane/protocol/internal'

/** The peers of one server: the other servers, and the clients. Cleans up after those that died. */
export class CallPeers {
  /** The place of this server. */
  readonly place: number
  readonly #channel: CallChannel
  readonly #bells: SlotBells
  readonly #slots: SlotPeers
  readonly #takeAway: (index: number, word: number, isDead: () => boolean) => void

  /**
   * Becomes a server.
   *
   * @param isIdempotent tells for a procedure whether another server may process a request
   * @throws SharedMemoryError `FULL` if no place is free
   */
  constructor(channel: CallChannel, bells: SlotBells, isIdempotent: (procedure: number) => boolean) {
    const { control } = channel
    this.#channel = channel
    this.#bells = bells
    this.#takeAway = (index, word, isDead) => control.takeAway(index, word, isDead, isIdempotent)
    this.#slots = new SlotPeers(channel, bells, this.#takeAway)
    this.place = this.#slots.join()
  }

  /** As `WaitCondition.watchPeers`. */
  readonly watch = (bell: Doorbell | undefined): boolean => {
    let isAnyDead = this.#slots.watchConsumers(bell)
    const { memory, control } = this.#channel
    control.forEachUsed((client) => {
      if (control.stateOf(client) !== 'open') return
      const number = control.producers.numberOf(client)
      if (bell === undefined ? Lease.isHeld(memory, number) : bell.watch(number)) return
      this.#cleanUpAfter(client)
      isAnyDead = true
    })
    return isAnyDead
  }

  /** Announces the end of this server. Takes away all calls that it holds. */
  leave(): void {
    giveBackOf(this.#channel.control, this.place, always, (index, word) => this.#takeAway(index, word, always))
    this.#slots.leave(this.place)
  }

  #cleanUpAfter(client: number): void {
    const { memory, control } = this.#channel
    const isDead = () => !Lease.isHeld(memory, control.producers.numberOf(client))
    const ring = (server: number) => this.#bells.consumers.ringSleeper(server)
    // First without the client's lease: a server that is stopped in between must not keep the others from noticing.
    control.cleanUpAfter(client, isDead, ring)
    cleanUpIfDead(this.#channel, control.producers, client, () => {
      control.cleanUpAfter(client, always, ring)
      control.clearDone(client)
      closeProducerPlace(control, client)
    })
  }
}

const always = () => true
