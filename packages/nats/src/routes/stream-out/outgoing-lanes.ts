/**
 * All lanes of a stream, read ahead of what JetStream has. With `overflow: 'wait'`, the bridge is a consumer like any other, except that it
 * gives room back when messages are settled, not when they are read.
 */

import { Bells, claimSlot, openLane, Participant, type StreamChannel, type WaitCondition } from '@memlane/channel'
import { type Doorbell, Lease } from '@memlane/core'
import { ConsumerSlot, findEnd, forEachBit } from '@memlane/protocol/internal'
import { HeldLane } from './held-lane.js'
import type { OutgoingLane } from './outgoing-lane.js'
import { OverwrittenLane } from './overwritten-lane.js'

/** Messages from one lane before the next lane's turn. */
const BURST = 64

/** @param end the number of its next message; undefined while a producer has the lane */
export type OnLane = (lane: number, end: () => number | undefined) => void

export class OutgoingLanes {
  readonly participant: Participant<StreamChannel>
  readonly #firstOf: (lane: number) => number | undefined
  readonly #onLane: OnLane
  readonly #consumer: number
  readonly #slot: ConsumerSlot | undefined
  readonly #producers: Bells
  readonly #lanes: (OutgoingLane | undefined)[] = []
  readonly #wasUsed: readonly boolean[]
  #all: OutgoingLane[] = []
  #openings = -1
  #turn = 0
  #isEnded = false
  #isWoken = false

  /**
   * Takes a consumer slot: its bell wakes the bridge.
   *
   * @param firstOf the number of the first message of a lane that is neither settled nor spilled; undefined if unknown
   * @param onLane called for each lane before it is read
   * @throws SharedMemoryError `FULL` if no slot is free, `CORRUPT`
   */
  constructor(channel: StreamChannel, firstOf: (lane: number) => number | undefined, onLane: OnLane) {
    const { control, header } = channel
    const claim = claimSlot(channel, control.consumers)
    this.#firstOf = firstOf
    this.#onLane = onLane
    this.#consumer = claim.slot
    this.participant = new Participant(channel, control.consumers, claim.slot, 'park')
    this.#producers = Bells.of(channel, control.producers)
    this.#producers.ringSleepers() // as in StreamReader: producers must watch this consumer from now on
    const slot = new ConsumerSlot(control, claim.slot)
    this.#wasUsed = Array.from({ length: control.producers.count }, (_, lane) => control.stateOf(lane) !== 'unused')
    if (header.overflow === 'wait') {
      this.participant.explained(() => slot.join())
      this.#producers.ringSleepers()
      this.#slot = slot
    }
    this.#takeUp()
    slot.announceReady()
    this.#producers.ringSleepers() // they may wait for consumers
  }

  /** True if nobody else uses the memory, and all messages have been read and settled. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  get all(): readonly OutgoingLane[] {
    return this.#all
  }

  /** How many messages were overwritten before the bridge came to them. */
  get missed(): number {
    return this.#all.reduce((sum, { missed }) => sum + missed, 0)
  }

  /** How many messages are there that the bridge has not read. Goes through those that came since the last call. */
  get unread(): number {
    return this.#all.reduce((sum, lane) => sum + lane.unread(), 0)
  }

  /**
   * Goes through the messages that are there, bursts from each lane in turn.
   *
   * @param take gets the lane at a message. It must not keep the payload beyond the call
   * @param isRoom asked before each message
   * @returns how many messages there were
   * @throws SharedMemoryError `CORRUPT`
   */
  read(take: (lane: OutgoingLane) => void, isRoom: () => boolean): number {
    this.#takeUp()
    const lanes = this.#all
    let count = 0
    for (let empty = 0; empty < lanes.length && isRoom(); ) {
      this.#turn = (this.#turn + 1) % lanes.length
      const lane = lanes[this.#turn] as OutgoingLane
      let taken = 0
      while (taken < BURST && isRoom() && this.next(lane)) {
        taken++
        take(lane)
      }
      count += taken
      empty = taken === 0 ? empty + 1 : 0
    }
    return count
  }

  /** The most bytes of a lane that are settled and not released. */
  get owedBytes(): number {
    return this.#all.reduce((most, lane) => Math.max(most, lane.owedBytes), 0)
  }

  /** Gives back the room of messages that were settled at the last use of `owedBytes`. */
  release(): void {
    let isAny = false
    for (const lane of this.#all) if (lane.release()) isAny = true
    if (isAny) this.#producers.ringSleepers()
  }

  /**
   * Waits until there is a message, or until what `isThere` tells. Also ends by `wake`, and with the stream.
   *
   * @throws the signal's reason if it aborts
   */
  async ready(signal: AbortSignal, isThere: () => boolean = () => this.#isThere()): Promise<void> {
    const condition: WaitCondition = {
      isThere: () => this.#isWoken || this.participant.closed || isThere(),
      watchPeers: (bell) => this.#watchPeers(bell),
    }
    await this.participant.waiter.wait(condition, { signal })
    this.#isWoken = false
  }

  /** True if messages have come since the last use of `heldBytes`. */
  hasGrown(): boolean {
    this.#takeUp()
    return this.#all.some((lane) => lane.hasGrown())
  }

  #isThere(): boolean {
    if (this.participant.channel.control.openings !== this.#openings) return true
    for (const lane of this.#all) if (lane.ready()) return true
    return false
  }

  /** Ends a running `ready`. */
  wake(): void {
    this.#isWoken = true
    this.participant.waiter.wake()
  }

  /** Ends the bridge's part: producers no longer wait for it. */
  close(): void {
    this.participant.close(() => {
      this.#slot?.leave()
      this.#producers.ringSleepers()
    })
  }

  /** Goes to the next message of a lane. @throws SharedMemoryError `CORRUPT` */
  next(lane: OutgoingLane): boolean {
    try {
      return lane.next()
    } catch (error) {
      throw this.participant.channel.explain(error)
    }
  }

  #takeUp(): void {
    const { channel } = this.participant
    const { control } = channel
    const { openings } = control
    if (openings === this.#openings) return
    this.#openings = openings
    for (let producer = 0; producer < control.producers.count; producer++) {
      if (control.stateOf(producer) === 'unused' || this.#lanes[producer] !== undefined) continue
      const lane = openLane(channel, producer, 'read').buffer
      this.#onLane(producer, () => this.#endOf(producer, lane))
      const expected = this.#firstOf(producer) ?? (this.#wasUsed[producer] ? undefined : 0)
      this.#lanes[producer] =
        this.#slot === undefined
          ? new OverwrittenLane(control, producer, lane, expected)
          : new HeldLane(control, producer, lane, this.#slot, expected)
    }
    this.#all = this.#lanes.filter((lane) => lane !== undefined)
  }

  /** The number of the next message of a lane that no producer has now; undefined if one has it. */
  #endOf(producer: number, lane: ArrayBuffer): number | undefined {
    const { control, header, memory } = this.participant.channel
    if (Lease.isHeld(memory, control.producers.numberOf(producer))) return undefined
    const recent = { position: control.recentEndOf(producer), sequence: control.recentSequenceOf(producer) }
    return findEnd(lane, 0, header.capacity, recent).sequence
  }

  /** As `WaitCondition.watchPeers`. When only the bridge is left, and has sent everything, it must let go of the memory. */
  #watchPeers(bell: Doorbell | undefined): boolean {
    const { control, memory } = this.participant.channel
    const { producers, consumers, openings } = control
    const isAlive = (number: number) => (bell === undefined ? Lease.isHeld(memory, number) : bell.watch(number))
    let isUsed = false
    let isAnyAlive = false
    for (let producer = 0; producer < producers.count; producer++) {
      const state = control.stateOf(producer)
      if (state !== 'unused') isUsed = true
      if (state === 'open' && isAlive(producers.numberOf(producer))) isAnyAlive = true
    }
    if (isAnyAlive) return false
    // Without producers, the bridge waits for the first or the next one, as long as others use the memory.
    for (let producer = 0; !isUsed && producer < producers.count; producer++) isAlive(producers.numberOf(producer))
    forEachBit(control.liveConsumers(), (consumer) => {
      if (consumer !== this.#consumer && isAlive(consumers.numberOf(consumer))) isAnyAlive = true
    })
    if (isAnyAlive || !isUsed) return false
    if (control.openings !== openings) return bell !== undefined
    if (this.#isThere() || this.#all.some(({ isPending }) => isPending)) return false
    this.#isEnded = true
    this.#isWoken = true
    return true
  }
}
