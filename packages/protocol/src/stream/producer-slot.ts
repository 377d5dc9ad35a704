import { SleepMark } from '../channel/sleepers.js'
import { findEnd, LaneReader } from '../lane/lane-reader.js'
import { LaneWriter } from '../lane/lane-writer.js'
import { clearBits, countUp, setBits, storeOwned } from '../memory/atomics.js'
import { lowestBit } from '../memory/bits.js'
import { type LaneLimit, laneLimitOf } from './lane-limit.js'
import type { StreamControl } from './stream-control.js'
import { ACTIVE_INDEX, END, OPENINGS_INDEX, SEQUENCE, STATE, STATE_CLOSED, STATE_OPEN } from './stream-layout.js'

/** Writes a producer's part of the control part. Make one only while holding the producer's lease. */
export class ProducerSlot {
  readonly producer: number
  readonly lane: LaneWriter
  private readonly control: StreamControl
  private readonly index: number
  private readonly walker: LaneReader

  /**
   * Takes over the lane at the end of its last whole message, and opens the lane.
   *
   * @param lane the lane's own memory
   * @param limit says how far the lane may be filled
   * @throws LayoutError `CORRUPT` if its records lead nowhere
   */
  constructor(
    control: StreamControl,
    producer: number,
    lane: ArrayBuffer,
    limit: LaneLimit = laneLimitOf(control, producer, lane),
  ) {
    const { words, consumers, producers } = control
    const { capacity } = control.header
    this.control = control
    this.producer = producer
    this.index = producers.slotIndex(producer)
    this.walker = new LaneReader(lane, 0, capacity)
    SleepMark.of(producers, producer).clear() // the mark of a predecessor that died
    const recent = { position: control.recentEndOf(producer), sequence: control.recentSequenceOf(producer) }
    const refreshLimit = (writer: LaneWriter, needed: number) => {
      // The end is announced before the base moves: if a successor found a base after the end, it would not know the number of the
      // next message.
      this.announceEnd(writer)
      return limit.refresh(writer, needed)
    }
    this.lane = new LaneWriter(lane, 0, capacity, refreshLimit, findEnd(lane, 0, capacity, recent), {
      sleeping: words.subarray(consumers.sleepMask, consumers.sleepMask + 1),
      inOrder: control.inOrder,
    })
    storeOwned(words, this.index + STATE, STATE_OPEN)
    setBits(words, ACTIVE_INDEX + (producer >> 5), 1 << (producer & 31))
    countUp(words, OPENINGS_INDEX)
  }

  /** Announces an orderly end. Everything that was sent stays readable. */
  close(): void {
    const { words, producers } = this.control
    this.announceEnd(this.lane)
    storeOwned(words, this.index + STATE, STATE_CLOSED)
    clearBits(words, ACTIVE_INDEX + (this.producer >> 5), 1 << (this.producer & 31))
    SleepMark.of(producers, this.producer).clear()
  }

  /**
   * Tells whether every live consumer has taken all messages before this position.
   *
   * @throws LayoutError `CORRUPT` if a consumer's position is not the start of a record
   */
  isTaken(position: number): boolean {
    const { control, walker } = this
    for (let rest = control.liveConsumers(); rest !== 0; rest &= rest - 1) {
      const taken = control.positionOf(lowestBit(rest), this.producer)
      const left = (position - taken) | 0
      if (left <= 0 || left > control.header.capacity) continue
      walker.restart(taken)
      if (walker.next() !== -1) return false // -1: an aborted claim has left padding, for which no consumer is woken
    }
    return true
  }

  private announceEnd(lane: LaneWriter): void {
    const { words } = this.control
    const { position, sequence } = lane.published
    storeOwned(words, this.index + SEQUENCE, sequence)
    storeOwned(words, this.index + END, position)
  }
}
