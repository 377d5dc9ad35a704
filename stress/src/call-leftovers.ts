import { Bells, type CallChannel } from '@memlane/channel'
import { Lease } from '@memlane/core'
import { ANSWERED, DIED, FREE, kindOf, type Side } from '@memlane/protocol/internal'

/** A slot whose call has ended keeps its word until the next call. */
const FREE_AGAIN: ReadonlySet<number> = new Set([FREE, ANSWERED, DIED])

/** How many participants live. */
export interface Living {
  readonly clients: number
  readonly servers: number
}

/** What calls and dead participants have left in the memory of a channel of calls. */
export class CallLeftovers {
  readonly #channel: CallChannel
  readonly #living: Living
  readonly #servers: Bells

  constructor(channel: CallChannel, living: Living) {
    this.#channel = channel
    this.#living = living
    this.#servers = Bells.of(channel, channel.control.consumers)
  }

  /** Tells what is there beside what the living participants have; undefined if nothing. */
  find(): string | undefined {
    return this.#slots() ?? this.#places()
  }

  #slots(): string | undefined {
    const used: number[] = []
    this.#channel.control.forEachSlot((_index: number, word: number) => {
      if (!FREE_AGAIN.has(kindOf(word))) used.push(kindOf(word))
    })
    return used.length === 0 ? undefined : `slots of the kinds ${used.join(' ')}`
  }

  #places(): string | undefined {
    const { control } = this.#channel
    const [clients, servers] = [this.#held(control.producers), this.#held(control.consumers)]
    const open: number[] = []
    control.forEachUsed((client: number) => {
      if (control.stateOf(client) === 'open') open.push(client)
    })
    const live = placesOf(control.consumers, (server) => isSet(control.liveConsumers(), server))
    const marks = [...marked(control.producers, clients), ...marked(control.consumers, servers)]
    const isRight =
      clients.length === this.#living.clients &&
      servers.length === this.#living.servers &&
      open.join() === clients.join() &&
      live.join() === servers.join() &&
      marks.length === 0
    if (isRight) return undefined
    // A participant that dies before it has rung the servers is noticed only when they wake. It has no calls.
    this.#servers.ringSleepers()
    return (
      `clients ${open.join()} are open and ${clients.join()} have a holder; servers ${live.join()} are live and ` +
      `${servers.join()} have a holder; sleep marks of others: ${marks.join()}`
    )
  }

  #held(side: Side): number[] {
    return placesOf(side, (place) => Lease.isHeld(this.#channel.memory, side.numberOf(place)))
  }
}

/** The places that are marked as asleep, and have no holder. */
function marked(side: Side, held: readonly number[]): number[] {
  const isAsleep = (place: number) => isSet(Atomics.load(side.words, side.sleepMask + (place >> 5)), place & 31)
  return placesOf(side, (place) => isAsleep(place) && !held.includes(place))
}

function placesOf(side: Side, isSo: (place: number) => boolean): number[] {
  return Array.from({ length: side.count }, (_, place) => place).filter(isSo)
}

function isSet(bits: number, bit: number): boolean {
  return ((bits >>> bit) & 1) === 1
}
