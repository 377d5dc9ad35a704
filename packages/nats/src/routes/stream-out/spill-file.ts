/**
 * Messages that wait on the disk because the network is too slow, in the order of their lanes. All that is needed to publish them is here,
 * so they outlive the bridge and the memory that they come from.
 *
 * A spill is a row of segments, `spill-1`, `spill-2`, …: written at the end of the last, read from the first, deleted from the front. A
 * segment is a row of records:
 *
 *   0        4          8      9        17      25
 *   +--------+----------+------+----------+-------+---------+
 *   | length | checksum | kind | sequence | time  | payload |
 *   +--------+----------+------+----------+-------+---------+
 *
 * `length` counts the bytes behind the checksum, which covers them. A record of kind `LABEL` has the lane's fields as JSON from byte 9 on;
 * it goes before the first message of that lane in that segment, and all messages behind it belong to it until the next label. A kill
 * while a record is written leaves a part of it, which is cut off at the next start: its message is still in the lane then.
 *
 * A position is the number of a segment times 2^32, plus an offset.
 */

import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import type { RouteFigures } from '../route-figures.js'
import { LaneLabel } from './lane-label.js'
import type { Outgoing, Sender } from './outgoing.js'

const SEGMENT_LENGTH = 2 ** 23
const CHUNK_LENGTH = 2 ** 18
const SEGMENT = 2 ** 32

const HEADER_LENGTH = 8
const MESSAGE_START = 25
const LABEL_START = 9
const LABEL = 1
const MESSAGE = 2

const labelFields = z.strictObject({
  subject: z.string(),
  instance: z.string(),
  lane: z.int().min(0),
  headers: z.string(),
})

interface Segment {
  readonly number: number
  length: number
}

export interface SpillOptions {
  readonly folder: string
  readonly maxBytes: number
  /** Up to where everything is settled. */
  readonly start: number
  readonly figures: RouteFigures
  readonly onSettled: (message: Outgoing, position: number) => void
  readonly log: (text: string) => void
}

export class SpillFile implements Sender {
  readonly #options: SpillOptions
  /** The oldest first. */
  readonly #segments: Segment[] = []
  /** For each lane of each memory, the number behind the last message that was spilled. */
  readonly #nextOf = new Map<string, number>()
  /** Of all segments together. */
  #bytes = 0
  #lastNumber: number
  #descriptor: number | undefined
  /** Records that are not written yet. */
  #unwritten: Buffer[] = []
  #writtenLabel: LaneLabel | undefined
  #settled: number
  #read: number
  #readLabel: LaneLabel | undefined
  #readDescriptor: number | undefined
  #readSegment = 0
  #chunk = Buffer.alloc(0)
  #chunkStart = 0
  #waiting = 0

  /**
   * Goes through what an earlier bridge has left.
   *
   * @throws Error of the file system
   */
  constructor(options: SpillOptions) {
    const { folder, start } = options
    this.#options = options
    mkdirSync(folder, { recursive: true })
    const numbers = readdirSync(folder)
      .map((file) => Number(/^spill-(\d+)$/.exec(file)?.[1]))
      .filter((number) => number > 0)
      .sort((a, b) => a - b)
    for (const number of numbers) {
      if (number < Math.floor(start / SEGMENT)) rmSync(this.#fileOf(number))
      else this.#addToEnd({ number, length: statSync(this.#fileOf(number)).size })
    }
    this.#lastNumber = Math.max(Math.floor(start / SEGMENT), numbers.at(-1) ?? 0)
    const first = (this.#segments[0]?.number ?? 0) * SEGMENT
    // From the start of the segment: the labels are there.
    this.#read = first
    this.#settled = first
    this.#readThrough(start)
    this.#count()
  }

  /** True if all messages have been read, so the next ones come from the lanes. */
  get isRead(): boolean {
    return this.#read >= this.#end
  }

  /** How many messages have not been read. */
  get waiting(): number {
    return this.#waiting
  }

  /** The number behind the last message of a lane that was spilled; undefined if none is known. */
  nextOf(instance: string, lane: number): number | undefined {
    return this.#nextOf.get(`${instance}-${lane}`)
  }

  /**
   * Adds a message. It is written with the next `flush`.
   *
   * @returns the message, with the spill as its sender; undefined if the spill is full
   */
  add(message: Outgoing): Outgoing | undefined {
    const { label, sequence, time, payload } = message
    const length = MESSAGE_START + payload.length
    if (this.#bytes + length + LABEL_START + 1024 > this.#options.maxBytes) return undefined
    let last = this.#segments.at(-1)
    const isFull = last === undefined || last.length > Math.min(SEGMENT_LENGTH, this.#options.maxBytes / 8)
    if (last === undefined || isFull || this.#descriptor === undefined) last = this.#addSegment()
    if (this.#writtenLabel !== label) {
      const fields = Buffer.from(JSON.stringify(label.fields))
      const record = Buffer.alloc(LABEL_START + fields.length)
      record[HEADER_LENGTH] = LABEL
      record.set(fields, LABEL_START)
      this.#put(last, record)
      this.#writtenLabel = label
    }
    const record = Buffer.allocUnsafe(length)
    record[HEADER_LENGTH] = MESSAGE
    record.writeDoubleLE(sequence, 9)
    record.writeDoubleLE(time, 17)
    record.set(payload, MESSAGE_START)
    this.#put(last, record)
    this.#nextOf.set(`${label.fields.instance}-${label.fields.lane}`, sequence + 1)
    this.#options.figures.spilled++
    this.#waiting++
    return { ...message, sender: this, end: last.number * SEGMENT + last.length }
  }

  /** Writes what was added. Then it survives a kill. @throws Error of the file system */
  flush(): void {
    if (this.#unwritten.length === 0) return
    const bytes = Buffer.concat(this.#unwritten)
    this.#unwritten = []
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor as number, bytes, done)
    this.#count()
  }

  /** Skips messages that were added just now: the window has them already. Call it only if everything was read before. */
  skipToEnd(): void {
    this.#read = this.#end
    this.#readLabel = this.#writtenLabel
    this.#waiting = 0
  }

  /** Reads the next message. @returns undefined if all have been read */
  next(): Outgoing | undefined {
    for (;;) {
      const record = this.#nextRecord()
      if (record === undefined) return undefined
      const { kind, bytes } = record
      if (kind === LABEL) {
        this.#readLabel = labelIn(bytes)
        continue
      }
      const label = this.#readLabel
      if (label === undefined || bytes.length < MESSAGE_START - HEADER_LENGTH) continue
      this.#waiting--
      return {
        label,
        sequence: bytes.readDoubleLE(1),
        time: bytes.readDoubleLE(9),
        payload: bytes.subarray(MESSAGE_START - HEADER_LENGTH),
        sender: this,
        end: this.#read,
      }
    }
  }

  release(): void {}

  settle(message: Outgoing): void {
    this.#settled = message.end
    this.#count()
    this.#options.onSettled(message, this.#settled)
  }

  /** Deletes what is settled. Call it when that is noted in a file. */
  trim(): void {
    const isAll = this.#settled >= this.#end
    const settled = Math.floor(this.#settled / SEGMENT)
    for (const { number, length } of [...this.#segments]) {
      if (!isAll && number >= settled) break
      this.#segments.shift()
      this.#bytes -= length
      if (this.#segments.length === 0) this.#closeWritten()
      rmSync(this.#fileOf(number))
    }
    if (isAll) this.#read = this.#settled
  }

  close(): void {
    this.#closeWritten()
    if (this.#readDescriptor !== undefined) closeSync(this.#readDescriptor)
    this.#readDescriptor = undefined
  }

  get #end(): number {
    const last = this.#segments.at(-1)
    return last === undefined ? this.#settled : last.number * SEGMENT + last.length
  }

  #fileOf(number: number): string {
    return join(this.#options.folder, `spill-${number}`)
  }

  #count(): void {
    const first = this.#segments[0]
    const read =
      first !== undefined && Math.floor(this.#settled / SEGMENT) === first.number ? this.#settled % SEGMENT : 0
    this.#options.figures.spillBytes = this.#bytes - read
  }

  #addSegment(): Segment {
    this.flush()
    this.#closeWritten()
    const number = ++this.#lastNumber
    this.#descriptor = openSync(this.#fileOf(number), 'ax')
    const segment = { number, length: 0 }
    this.#addToEnd(segment)
    return segment
  }

  #addToEnd(segment: Segment): void {
    this.#segments.push(segment)
    this.#bytes += segment.length
  }

  #closeWritten(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
    this.#writtenLabel = undefined
  }

  #put(segment: Segment, record: Buffer): void {
    const content = record.subarray(HEADER_LENGTH)
    record.writeUInt32LE(content.length, 0)
    record.writeUInt32LE(crc32(content), 4)
    this.#unwritten.push(record)
    segment.length += record.length
    this.#bytes += record.length
  }

  /** Reads what lies behind `start` once, cuts off what is no record, and goes back to `start`. */
  #readThrough(start: number): void {
    let count = 0
    let read = this.#read
    let label: LaneLabel | undefined
    for (;;) {
      const message = this.next()
      if (message === undefined) break
      if (message.end <= start) {
        this.#settled = message.end
        read = message.end
        label = message.label
        continue
      }
      count++
      const { instance, lane } = message.label.fields
      this.#nextOf.set(`${instance}-${lane}`, message.sequence + 1)
    }
    this.#read = read
    this.#readLabel = label
    this.#waiting = count
    if (count > 0) return
    for (const { number } of this.#segments.splice(0)) rmSync(this.#fileOf(number))
    this.#bytes = 0
    this.#settled = Math.max(start, this.#lastNumber * SEGMENT)
    this.#read = this.#settled
  }

  #nextRecord(): { readonly kind: number; readonly bytes: Buffer } | undefined {
    for (;;) {
      const segment = this.#segments.find(({ number }) => number >= Math.floor(this.#read / SEGMENT))
      if (segment === undefined) return undefined
      if (segment.number > Math.floor(this.#read / SEGMENT)) this.#read = segment.number * SEGMENT
      const offset = this.#read % SEGMENT
      if (offset >= segment.length) {
        const following = this.#segments[this.#segments.indexOf(segment) + 1]
        if (following === undefined) return undefined
        this.#read = following.number * SEGMENT
        this.#readLabel = undefined
        continue
      }
      const header = this.#bytesAt(segment, offset, HEADER_LENGTH)
      const length = header.length === HEADER_LENGTH ? header.readUInt32LE(0) : 0
      const bytes = length > 0 ? this.#bytesAt(segment, offset + HEADER_LENGTH, length) : header
      if (length === 0 || bytes.length < length || crc32(bytes) !== header.readUInt32LE(4)) {
        this.#cut(segment, offset)
        continue
      }
      this.#read += HEADER_LENGTH + length
      return { kind: bytes[0] as number, bytes }
    }
  }

  /** Cuts off the end of a segment that has no valid records. */
  #cut(segment: Segment, offset: number): void {
    this.#options.log(`${segment.length - offset} bytes at the end of ${this.#fileOf(segment.number)} are no messages`)
    const descriptor = openSync(this.#fileOf(segment.number), 'r+')
    ftruncateSync(descriptor, offset)
    closeSync(descriptor)
    this.#bytes -= segment.length - offset
    segment.length = offset
  }

  /** @returns fewer bytes at the end of the segment */
  #bytesAt(segment: Segment, offset: number, length: number): Buffer {
    if (this.#readSegment !== segment.number) {
      if (this.#readDescriptor !== undefined) closeSync(this.#readDescriptor)
      this.#readDescriptor = openSync(this.#fileOf(segment.number), 'r')
      this.#readSegment = segment.number
      this.#chunk = Buffer.alloc(0)
      this.#chunkStart = 0
    }
    if (offset < this.#chunkStart || offset + length > this.#chunkStart + this.#chunk.length) {
      // A new chunk each time: the messages in the window are parts of earlier ones.
      const chunk = Buffer.allocUnsafe(Math.max(CHUNK_LENGTH, length))
      const most = Math.min(chunk.length, segment.length - offset)
      const count = most > 0 ? readSync(this.#readDescriptor as number, chunk, 0, most, offset) : 0
      this.#chunk = chunk.subarray(0, count)
      this.#chunkStart = offset
    }
    const start = offset - this.#chunkStart
    return this.#chunk.subarray(start, start + length)
  }
}

/** @returns undefined for a label that this version cannot have written */
function labelIn(bytes: Buffer): LaneLabel | undefined {
  try {
    return new LaneLabel(labelFields.parse(JSON.parse(bytes.subarray(1).toString())))
  } catch {
    return undefined
  }
}
