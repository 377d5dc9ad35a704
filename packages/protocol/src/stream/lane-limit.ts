/** How far the producer of a stream may fill its lane: one class for each overflow policy. */

import { LaneReader } from '../lane/lane-reader.js'
import type { LaneWriter } from '../lane/lane-writer.js'
import { announceBase, announceWideBase } from '../memory/atomics.js'
import { lowestBit } from '../memory/bits.js'
import type { StreamControl } from './stream-control.js'
import { BASE } from './stream-layout.js'

/** Says up to which position a producer may fill its lane. See RefreshLimit. */
export interface LaneLimit {
  refresh(lane: LaneWriter, needed: number): number
}

/** Makes the limit that a stream's header asks for. Make one only while holding the producer's lease. */
export function laneLimitOf(control: StreamControl, producer: number, lane: ArrayBuffer): LaneLimit {
  return control.header.overflow === 'overwrite'
    ? new OverwriteLimit(control, producer, lane)
    : new WaitLimit(control, producer, lane)
}

/** Never waits: overwrites the oldest records. Consumers learn from the base that a producer has overtaken them. */
class OverwriteLimit implements LaneLimit {
  private readonly base: LaneBase

  constructor(control: StreamControl, producer: number, lane: ArrayBuffer) {
    const index = (control.producers.slotIndex(producer) + BASE) >> 1
    const announce = (position: number) => announceWideBase(control.wideWords, index, position)
    this.base = new LaneBase(lane, control.header.capacity, control.wideBaseOf(producer), announce)
  }

  refresh(lane: LaneWriter, needed: number): number {
    const { base } = this
    base.makeRoom(lane, needed)
    return (base.position + base.capacity) | 0
  }
}

/** Waits for the slowest live consumer. */
class WaitLimit implements LaneLimit {
  private readonly control: StreamControl
  private readonly producer: number
  private readonly base: LaneBase

  constructor(control: StreamControl, producer: number, lane: ArrayBuffer) {
    this.control = control
    this.producer = producer
    const index = control.producers.slotIndex(producer) + BASE
    const announce = (position: number) => announceBase(control.words, index, position)
    this.base = new LaneBase(lane, control.header.capacity, control.baseOf(producer), announce)
  }

  refresh(lane: LaneWriter, needed: number): number {
    const { control, base } = this
    const live = control.liveConsumers()
    if (live === 0) {
      if (control.header.withoutConsumers === 'keep-latest') base.makeRoom(lane, needed)
    } else {
      const held = Math.min(this.heldBytes(live, lane), (lane.position - base.position) | 0)
      const oldest = (lane.position - held) | 0
      if (oldest !== base.position) base.moveTo(oldest)
    }
    // The limit is at most the base plus the capacity, even if all consumers have read further meanwhile: a joining consumer begins
    // at the base.
    const held = Math.max((lane.position - base.position) | 0, this.heldBytes(control.liveConsumers(), lane))
    return (lane.position - held + base.capacity) | 0
  }

  /**
   * Returns how far the slowest of these consumers is behind, in bytes. Its position may be older than the base if it joined while
   * the base was announced. A consumer with an impossible position counts as if its position were the base. A position inside a
   * batch that is not published is impossible, too: otherwise the batch could be overwritten before a consumer sees it.
   */
  private heldBytes(live: number, { position, published }: LaneWriter): number {
    const { control, base } = this
    const unpublished = (position - published.position) | 0
    let held = 0
    for (let rest = live; rest !== 0; rest &= rest - 1) {
      const behind = (position - control.positionOf(lowestBit(rest), this.producer)) | 0
      const isPossible = behind >= unpublished && behind <= base.capacity
      held = Math.max(held, isPossible ? behind : (position - base.position) | 0)
    }
    return held
  }
}

/** The position of the oldest record of a lane that is sure to stay. The lane's producer moves and announces it. */
class LaneBase {
  readonly capacity: number
  /** Wrapping, unless it is kept in 64 bits. */
  position: number
  private readonly walker: LaneReader
  private readonly announce: (position: number) => void

  constructor(lane: ArrayBuffer, capacity: number, position: number, announce: (position: number) => void) {
    this.capacity = capacity
    this.position = position
    this.walker = new LaneReader(lane, 0, capacity, position | 0)
    this.announce = announce
  }

  moveTo(position: number): void {
    this.position = position
    this.announce(position)
  }

  /**
   * Drops the oldest records until there is room. Drops at least a sixteenth of the lane at a time, so that this is rarely needed.
   * Drops everything if the records are corrupt.
   */
  makeRoom(lane: LaneWriter, needed: number): void {
    const { walker, capacity } = this
    const { position } = lane
    const wanted = Math.max(needed, capacity >>> 4)
    const mostHeld = capacity - wanted
    let held = (position - this.position) | 0
    if (held <= mostHeld) return
    walker.restart(this.position)
    const end = lane.published.position
    try {
      while (held > mostHeld && walker.next() !== -1) held = (position - walker.position) | 0
    } catch {
      walker.restart(end)
    }
    const left = (end - walker.position) | 0
    if (left < 0 || (left > 0 && held > mostHeld)) walker.restart(end)
    this.moveTo(this.position + ((walker.position - this.position) | 0))
  }
}
