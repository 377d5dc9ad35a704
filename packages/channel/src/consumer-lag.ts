import { now } from '@memlane/core/internal'
import { forEachBit, type LaneWriter } from '@memlane/protocol/internal'
import { countMessages } from './lane-cursor.js'
import type { Participant } from './participant.js'
import { holderOf } from './slot-claim.js'
import type { StreamChannel } from './stream.js'

/** What a producer last saw of a consumer. */
interface Seen {
  readonly position: number
  /** When it was first seen at that position, in ms. */
  readonly since: number
}

/** How far the consumers are behind in a producer's lane. For error messages and inspection. */
export class ConsumerLag {
  readonly #participant: Participant<StreamChannel>
  readonly #producer: number
  readonly #lane: LaneWriter
  readonly #seen = new Map<number, Seen>()

  constructor(participant: Participant<StreamChannel>, producer: number, lane: LaneWriter) {
    this.#participant = participant
    this.#producer = producer
    this.#lane = lane
  }

  /** Remembers where the consumers stand. Call it when a wait for them begins. */
  observe(): void {
    if (this.#participant.closed) return
    const { control } = this.#participant.channel
    const live = control.liveConsumers()
    for (const consumer of this.#seen.keys()) if ((live & (1 << consumer)) === 0) this.#seen.delete(consumer)
    forEachBit(live, (consumer) => {
      const position = control.positionOf(consumer, this.#producer)
      if (this.#seen.get(consumer)?.position !== position) this.#seen.set(consumer, { position, since: now() })
    })
  }

  /** How many messages the slowest consumer has not taken. */
  get most(): number {
    let most = 0
    const { control } = this.#participant.channel
    forEachBit(control.liveConsumers(), (consumer) => {
      most = Math.max(most, this.#messagesFrom(control.positionOf(consumer, this.#producer)) ?? 0)
    })
    return most
  }

  /**
   * Tells which consumers have not taken everything, the slowest first: `process 4711 (consumer slot 0) is 12 messages behind and
   * has taken none for 500 ms`. Empty if there is none.
   */
  describe(): string {
    this.observe()
    const { memory, control } = this.#participant.channel
    const end = this.#lane.published.position
    return [...this.#seen]
      .map(([consumer, { position, since }]) => ({ consumer, position, since, bytes: (end - position) | 0 }))
      .filter(({ position }) => this.#messagesFrom(position) !== 0)
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_DESCRIBED)
      .map(({ consumer, position, since, bytes }) => {
        const messages = this.#messagesFrom(position)
        const behind = messages === undefined ? `${bytes} bytes` : `${messages} message${messages === 1 ? '' : 's'}`
        const idle = Math.round(now() - since)
        return `${holderOf(memory, control.consumers, consumer)} is ${behind} behind and has taken none for ${idle} ms`
      })
      .join('; ')
  }

  /** Counts the messages from a position on; undefined if no record begins there. */
  #messagesFrom(position: number): number | undefined {
    try {
      return countMessages(this.#lane.data, position)
    } catch {
      return undefined
    }
  }
}

const MAX_DESCRIBED = 4
