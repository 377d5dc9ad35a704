/** Codecs of every kind, with valid values. A hostile payload must give a value of limited size or a LayoutError. */

import {
  array,
  bool,
  bytes,
  type Codec,
  enumeration,
  f32,
  f64,
  i64,
  LayoutError,
  payload,
  struct,
  u8,
  u32,
  union,
  utf8,
  utf16le,
  utf32le,
} from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import { oneOf, type Random } from '@memlane/testing/random'
import { below, scribble } from './mutation.js'
import { sizeOf } from './size-of.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 })
const Mixed = struct('Mixed', {
  on: bool,
  state: enumeration(u8, { idle: 0, busy: 1 }),
  wide: utf16le(7),
  wider: utf32le(5),
  raw: bytes(5),
  big: i64,
  list: array(f32, 3),
  nested: array(struct('Inner', { name: utf8(6), count: u8 }), 2),
})

const mixed = {
  on: true,
  state: 'busy',
  wide: 'wïde😀',
  wider: 'a😀b',
  raw: new Uint8Array(5).fill(1),
  big: -5n,
  list: [1, -2.5, 3],
  nested: [
    { name: 'eins', count: 1 },
    { name: 'zwei', count: 2 },
  ],
} as const
const quote = { symbol: 'ACME', bid: 10.5, seq: 1 }
const packed = [1, 'x', new Uint8Array(2), { y: -1.5, when: new Date(1e12), big: 2n ** 60n }]

export const Event = union({
  quote: Quote,
  text: payload.utf8,
  blob: payload.bytes,
  json: payload.json(),
  pack: messagepack(),
  mixed: Mixed,
})

/** Messages of `Event`. */
export const events = [
  { kind: 'quote', value: quote },
  { kind: 'text', value: 'hällo 👋' },
  { kind: 'blob', value: new Uint8Array(120).fill(9) },
  { kind: 'json', value: { a: [1, 2, { b: null }] } },
  { kind: 'pack', value: packed },
  { kind: 'mixed', value: mixed },
  { kind: 'text', value: '' },
] as unknown as readonly Parameters<typeof Event.measure>[0][]

// biome-ignore lint/suspicious/noExplicitAny: codecs of every kind, each with values of its own
const samples: readonly { codec: Codec<any, any>; values: readonly unknown[] }[] = [
  { codec: codecOf(Quote), values: [quote] },
  { codec: codecOf(Mixed), values: [mixed] },
  { codec: codecOf(u32), values: [7] },
  { codec: codecOf(array(f64, 4)), values: [[1, 2, 3, 4]] },
  { codec: codecOf(bytes(9)), values: [new Uint8Array(9)] },
  { codec: payload.bytes, values: [new Uint8Array(40).fill(3), new Uint8Array(0)] },
  { codec: payload.utf8, values: ['hällo 👋', '', 'x'.repeat(90)] },
  { codec: payload.json(), values: [{ a: [1, 2, { b: null }], 'ü"': '\u0000' }, null, 'text', -1.5e300] },
  { codec: messagepack(), values: [packed, null, { a: [[[]]], b: { c: 'd' } }, 'y'.repeat(40), -(2n ** 40n)] },
  { codec: Event, values: events },
]

const LENGTH = 1024
const memory = new Uint8Array(LENGTH)
const data = new DataView(memory.buffer)
/** The largest `sizeOf` of a value of fixed length, whatever its bytes. */
const FIXED_SIZE = 200

/** Decodes one damaged payload, or throws a LayoutError. */
export function runPayload(random: Random): number {
  memory.fill(random() < 0.5 ? 0 : 0xff)
  const { codec, values } = oneOf(random, samples)
  const value = oneOf(random, values)
  const offset = 8 * below(random, 20)
  codec.measure(value)
  let length = codec.encode(data, offset, value)
  const choice = random()
  if (choice < 0.6) scribble(random, memory.subarray(offset, offset + length), 3)
  else if (choice < 0.7) for (let at = 0; at < length; at++) memory[offset + at] = random() * 256
  if (random() < 0.2) length = random() < 0.5 ? below(random, length + 1) : below(random, LENGTH - offset)
  return show(codec, offset, length)
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function show(codec: Codec<any, any>, offset: number, length: number): number {
  const readings = [() => codec.decode(data, offset, length), () => codec.view(data).at(offset, length)]
  const refusals = readings.map((read) => {
    try {
      const size = sizeOf(read())
      if (size > 4 * length + FIXED_SIZE) throw new Error(`${length} bytes became ${size}`)
      return undefined
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error
      if (error.offset < offset || error.offset > offset + length) throw new Error(`an error at ${error.offset}`)
      return error
    }
  })
  if (refusals[0]?.message !== refusals[1]?.message) throw new Error(`decode and view differ: ${refusals.join(', ')}`)
  if (refusals[0] !== undefined) throw refusals[0]
  return 1
}
