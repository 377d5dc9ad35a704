/** Regions with version words, and the memory of other programs. */

import { isDeepStrictEqual } from 'node:util'
import { array, bool, f64, i32, LayoutError, readSnapshot, struct, u32, utf8, writeSnapshot } from '@memlane/protocol'
import {
  AssettoCorsaPhysics,
  IRacingTelemetry,
  MumbleLinkLinux,
  MumbleLinkWindows,
  mumbleContext,
  readHwinfo,
  readMsiAfterburner,
} from '@memlane/protocol/layouts'
import { oneOf, type Random } from '@memlane/testing/random'
import { below, hostileWord, scribble } from './mutation.js'
import { sizeOf } from './size-of.js'

const fields = { first: u32, name: utf8(12), list: array(f64, 3), on: bool, last: i32 }
const regions = [
  struct('Pair', { ...fields, begin: u32, end: u32 }, { consistency: { begin: 'begin', end: 'end' } }),
  struct('Sequence', { version: u32, ...fields }, { consistency: { sequence: 'version' } }),
  struct('Counter', { ...fields, version: u32 }, { consistency: { counter: 'version' } }),
] as const
const value = { first: 1, name: 'región', list: [1, 2.5, -3], on: true, last: -9 }
const ATTEMPTS = 10

/** With any version words, there is a snapshot or none. After a write, the snapshot is the value that was written. */
export function runRegion(random: Random): number {
  const layout = oneOf(random, regions) as (typeof regions)[0]
  const offset = 4 * below(random, 4)
  const memory = new Uint8Array(offset + layout.length + below(random, 8))
  if (random() < 0.5) writeSnapshot(layout, memory.buffer, offset, value)
  if (random() < 0.3) for (let at = 0; at < memory.length; at++) memory[at] = random() * 256
  else scribble(random, memory, 6)
  const found = readSnapshot(layout, memory.buffer, offset, ATTEMPTS)
  if (sizeOf(found) > layout.length + 50) throw new Error(`a value of ${sizeOf(found)}`)
  sizeOf(layout.view(memory.buffer, offset).list.get(below(random, 3)))
  writeSnapshot(layout, memory.buffer, offset, value)
  const written = readSnapshot(layout, memory.buffer, offset, 1)
  if (written === undefined) throw new Error('no snapshot of what was written')
  const { begin, end, version, ...rest } = written as typeof written & { version?: number }
  if (!isDeepStrictEqual(rest, value)) throw new Error(`written, and read: ${JSON.stringify(rest)}`)
  return found === undefined ? 0 : 1
}

/** Memory of another program: the words of a valid header, by offset, its length, and its reader. */
interface Foreign {
  readonly header: Readonly<Record<number, number>>
  readonly length: number
  readonly read: (buffer: ArrayBuffer) => unknown
}

const foreign: readonly Foreign[] = [
  {
    header: { 0: 0x53695748, 20: 44, 24: 264, 28: 1, 32: 400, 36: 316, 40: 2 },
    length: 1500,
    read: (buffer) => readHwinfo(buffer, { maxAttempts: ATTEMPTS }),
  },
  {
    header: { 0: 0x4d41484d, 8: 24, 12: 2, 16: 1324 },
    length: 3000,
    read: (buffer) => readMsiAfterburner(buffer, { maxAttempts: ATTEMPTS }),
  },
  {
    header: { 4: 1, 16: 10, 20: 1000, 24: 2, 28: 112, 32: 2, 36: 100, 52: 600, 68: 700, 120: 3, 256: 4, 264: 1 },
    length: 1500,
    read(buffer) {
      const telemetry = new IRacingTelemetry(buffer)
      telemetry.refresh(ATTEMPTS)
      for (const name of telemetry.variables.keys()) checkSize(telemetry.get(name), buffer.byteLength)
      telemetry.refresh(ATTEMPTS)
      return [telemetry.sessionInfo(), [...telemetry.variables.keys()]]
    },
  },
  {
    header: { 0: 2, 4: 1 },
    length: 10_580,
    read(buffer) {
      for (const layout of [MumbleLinkWindows, MumbleLinkLinux]) {
        const link = readSnapshot(layout, buffer, 0, ATTEMPTS)
        if (link !== undefined) mumbleContext(layout, link)
      }
      return undefined
    },
  },
  { header: { 0: 1 }, length: 580, read: (buffer) => readSnapshot(AssettoCorsaPhysics, buffer, 0, ATTEMPTS) },
]
/** From this index on, the layouts have a fixed length, and a shorter buffer would be a mistake of the caller. */
const OF_FIXED_LENGTH = 3

const HEADER_WORDS = 70
const COUNTS = [0, 1, 2, 3, 44, 112, 144, 264, 316, 1324, 3000]

export function runForeign(random: Random): number {
  const which = below(random, foreign.length)
  const { header, length, read } = foreign[which] as Foreign
  const available = which >= OF_FIXED_LENGTH || random() < 0.8 ? length : below(random, length + 1)
  const data = new DataView(new ArrayBuffer(available))
  if (random() < 0.3) new Uint8Array(data.buffer).fill(oneOf(random, [0xff, 0x41, 0x01]))
  const set = (offset: number, word: number) => {
    if (offset + 4 <= available) data.setInt32(offset, word, true)
  }
  for (const [offset, word] of Object.entries(header)) set(Number(offset), word)
  for (let left = below(random, 5); left > 0; left--) {
    // Usually a word of the header.
    const place = random() < 0.7 ? Number(oneOf(random, Object.keys(header))) : 4 * below(random, HEADER_WORDS)
    set(place, random() < 0.4 ? below(random, 200) : hostileWord(random, COUNTS))
  }
  if (random() < 0.3) scribble(random, new Uint8Array(data.buffer), 8)
  try {
    checkSize(read(data.buffer), available)
    return 1
  } catch (error) {
    if (error instanceof LayoutError && (error.offset < 0 || error.offset > available)) {
      throw new Error(`an error at ${error.offset}, of ${available}`)
    }
    throw error
  }
}

/** A byte in a table can become at most a name, a comma and a number of several characters. */
function checkSize(found: unknown, available: number): void {
  const size = sizeOf(found)
  if (size > 10 * available + 1000) throw new Error(`${available} bytes became ${size}`)
}
