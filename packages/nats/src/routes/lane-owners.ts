/**
 * Which messages of local streams this bridge has brought in. A route out leaves them alone, so a message that came from another machine
 * never goes back. This must survive a kill of the bridge, because the messages do: a file has it.
 */

import { KeptRecord } from '../state/kept-record.js'

/** No lane holds so many messages: older ones are read. So numbers need not be compared over more than a half of 2^32. */
const MOST_IN_LANE = 2 ** 29

/** Where a lane stands when the bridge takes it. */
export interface LaneStart {
  /** The memory, as 32 hexadecimal digits. */
  readonly instance: string
  readonly lane: number
  /** How often producers have opened lanes of the stream. */
  readonly openings: number
  /** How many messages the lane has carried; wraps at 2^32. */
  readonly sent: number
}

/** Messages of one lane that the bridge has sent. Numbers wrap at 2^32. */
interface OwnRange {
  readonly name: string
  readonly instance: string
  readonly lane: number
  readonly openings: number
  from: number
  /** The number behind the last; undefined while the bridge has the lane, or if it was killed. */
  to?: number
}

export class LaneOwners {
  readonly #record: KeptRecord<readonly OwnRange[]>
  #ranges: OwnRange[]
  readonly #living = new Set<OwnRange>()

  /** @throws Error of the file system */
  constructor(path: string) {
    this.#record = new KeptRecord(path)
    this.#ranges = [...(this.#record.newest ?? [])]
  }

  /**
   * Notes that the bridge sends in a lane from now on. Call it before the first message.
   *
   * @param sent tells how many messages the lane has carried
   * @returns a function that ends it. Call it before the lane is closed
   */
  claim(name: string, { instance, lane, openings, sent: from }: LaneStart, sent: () => number): () => void {
    this.#ranges = this.#ranges.filter((range) => range.name !== name || range.instance === instance)
    const before = this.#orphan(instance, lane)
    // If another producer has opened a lane since, it may have been this one: its messages must go out.
    if (before !== undefined) before.to = openings === ((before.openings + 1) | 0) ? from : before.from
    const previous = this.#ranges.find((range) => isOf(range, instance, lane) && range.to === from)
    this.#ranges = this.#ranges.filter((range) => range !== previous)
    const range: OwnRange = { name, instance, lane, openings, from: previous?.from ?? from }
    this.#living.add(range)
    this.#ranges.push(range)
    this.#record.write(this.#ranges)
    return () => {
      range.to = sent()
      this.#living.delete(range)
      try {
        this.#record.write(this.#ranges)
      } catch {} // the disk is full: the next bridge finds the range as after a kill
    }
  }

  /**
   * Notes where the messages of a killed bridge end in a lane, unless the lane was claimed again.
   *
   * @param end the number of the lane's next message; undefined if another producer has the lane: then its messages cannot be told from
   * those of the bridge, and all of them go out
   */
  endOrphan(instance: string, lane: number, end: () => number | undefined): void {
    const orphan = this.#orphan(instance, lane)
    if (orphan === undefined) return
    orphan.to = end() ?? orphan.from
    this.#record.write(this.#ranges)
  }

  /** True if the bridge has brought in a message. */
  isOwn(instance: string, lane: number, sequence: number): boolean {
    for (const range of this.#ranges) {
      const index = (sequence - range.from) | 0
      if (!isOf(range, instance, lane) || index < 0) continue
      if (range.to !== undefined && ((sequence - range.to) | 0) >= 0) continue
      if (index > 2 * MOST_IN_LANE) range.from = (sequence - MOST_IN_LANE) | 0
      return true
    }
    return false
  }

  close(): void {
    this.#record.close()
  }

  #orphan(instance: string, lane: number): OwnRange | undefined {
    return this.#ranges.find(
      (range) => isOf(range, instance, lane) && range.to === undefined && !this.#living.has(range),
    )
  }
}

function isOf(range: OwnRange, instance: string, lane: number): boolean {
  return range.lane === lane && range.instance === instance
}
