import { openLane, type StreamChannel } from '@memlane/channel'
import { Lease } from '@memlane/core'
import type { AnyCodec } from '@memlane/protocol'
import { forEachBit } from '@memlane/protocol/internal'
import { CopiedPayload } from './copied-payload.js'
import { ObservedLane } from './observed-lane.js'
import { SeenMessage } from './seen-message.js'
import type { TailOptions } from './tail.js'
import type { TailSource, Take } from './tail-source.js'

/** Messages from one lane before the next lane's turn. */
const BURST = 64

/** All lanes of a stream: bursts from each in turn. Takes up lanes as producers open them. */
export class StreamSource implements TailSource {
  readonly #channel: StreamChannel
  readonly #copy = new CopiedPayload()
  readonly #message: SeenMessage
  readonly #lanes: ObservedLane[] = []
  #turn = 0
  #openings = -1

  constructor(channel: StreamChannel, codec: AnyCodec, from: NonNullable<TailOptions['from']>) {
    this.#channel = channel
    this.#message = new SeenMessage(codec, this.#copy.data)
    this.#takeUpLanes(from)
  }

  get missed(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.missed, 0)
  }

  poll(take: Take, limit: number): number {
    this.#takeUpLanes('first')
    const lanes = this.#lanes
    let count = 0
    for (let empty = 0; count < limit && empty < lanes.length; ) {
      this.#turn = (this.#turn + 1) % lanes.length
      const most = Math.min(BURST, limit - count)
      const taken = this.#burst(lanes[this.#turn] as ObservedLane, take, most)
      count += taken
      empty = taken < most ? empty + 1 : 0
    }
    return count
  }

  #burst(lane: ObservedLane, take: Take, most: number): number {
    const message = this.#message
    let count = 0
    while (count < most && lane.next()) {
      count++
      message.producer = lane.producer
      message.sequence = lane.sequence >>> 0
      message.missedBefore = lane.missedBefore
      message.show(this.#copy)
      take(message)
    }
    return count
  }

  /** Lanes that were used before are read from `start` on. */
  #takeUpLanes(start: 'now' | 'newest' | 'oldest' | 'first'): void {
    const { control } = this.#channel
    const { openings } = control
    if (openings === this.#openings) return
    for (let producer = 0; producer < control.producers.count; producer++) {
      if (control.stateOf(producer) === 'unused' || this.#lanes.some((lane) => lane.producer === producer)) continue
      const { buffer } = openLane(this.#channel, producer, 'read')
      this.#lanes.push(new ObservedLane(control, producer, buffer, this.#copy, start))
    }
    this.#openings = openings
  }

  isInUse(): boolean {
    const { control, memory } = this.#channel
    let inUse = false
    forEachBit(control.liveConsumers(), (consumer) => {
      inUse ||= Lease.isHeld(memory, control.consumers.numberOf(consumer))
    })
    return inUse || this.#openLanes().some((producer) => Lease.isHeld(memory, control.producers.numberOf(producer)))
  }

  hasDied(): boolean {
    const { control, memory } = this.#channel
    return this.#openLanes().some((producer) => !Lease.isHeld(memory, control.producers.numberOf(producer)))
  }

  #openLanes(): number[] {
    const { control } = this.#channel
    const producers = Array.from({ length: control.producers.count }, (_, producer) => producer)
    return producers.filter((producer) => control.stateOf(producer) === 'open')
  }
}
