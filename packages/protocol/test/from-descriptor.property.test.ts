import { seed } from '@memlane/testing/seed'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyCodec } from '../src/index.js'
import {
  checkedDescriptor,
  codecFromDescriptor,
  codecOf,
  Difference,
  encodeDescriptor,
  projectCodec,
} from '../src/internal.js'
import { anySpec, schemaOf, shown } from './random-schema.js'

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null

const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, -1, 0, 1, 8, 2 ** 31, 2 ** 53, 1e300, 0.5, '', 'struct', 'u8', '__proto__', [], {}),
  fc.constantFrom<Json>('payload', 'union', 'array', 'text', 'bytes', 'enumeration', 'utf8', 'required'),
)

/** Changes one part of a tree: a value, a key, or a part that is missing, added or there twice. */
function changed(tree: Json, random: (bound: number) => number, other: Json): Json {
  if (typeof tree !== 'object' || tree === null || random(8) === 0) return other
  const entries = Object.entries(tree)
  if (entries.length === 0) return other
  const index = random(entries.length)
  const [key, value] = entries[index] as [string, Json]
  switch (random(12)) {
    case 0:
      entries.splice(index, 1)
      break
    case 1:
      entries.push([Array.isArray(tree) ? key : `${key}2`, value])
      break
    case 2:
      entries[index] = [typeof other === 'string' ? other : 'other', value]
      break
    default:
      entries[index] = [key, changed(value, random, other)]
  }
  return Array.isArray(tree) ? entries.map(([, each]) => each) : Object.fromEntries(entries)
}

describe('a descriptor that any process may have written', () => {
  it('is refused as CORRUPT, or describes messages that read as what they are', () => {
    const cases = fc.tuple(anySpec, fc.array(fc.tuple(fc.infiniteStream(fc.nat()), odd), { maxLength: 3 }), anySpec)
    let accepted = 0
    fc.assert(
      fc.property(cases, fc.uint8Array({ minLength: 300, maxLength: 300 }), ([spec, changes, own], memory) => {
        let tree = JSON.parse(JSON.stringify(codecOf(schemaOf(spec)).descriptor)) as Json
        for (const [numbers, other] of changes) {
          tree = changed(tree, (bound) => (numbers.next().value as number) % bound, other)
        }
        const encoded = encodeDescriptor(tree as never)
        let codec: AnyCodec
        try {
          codec = codecFromDescriptor(encoded, 64)
        } catch (error) {
          expect(error).toMatchObject({ name: 'LayoutError', code: 'CORRUPT', offset: 64 })
          expect((error as Error).message.length).toBeLessThan(300)
          return
        }
        accepted++
        expect(encodeDescriptor(codec.descriptor)).toEqual(encoded)
        const reader = codecOf(schemaOf(own)) as AnyCodec
        const projected = projectCodec(checkedDescriptor(encoded, 64), reader)
        read(codec, memory)
        if (!(projected instanceof Difference)) read(projected, memory)
      }),
      { seed, numRuns: 1000 },
    )
    expect(accepted).toBeGreaterThan(0)
  })

  it('is refused as CORRUPT if any of its bytes has changed to what no schema has', () => {
    fc.assert(
      fc.property(anySpec, fc.nat(), fc.nat(255), (spec, place, byte) => {
        const encoded = encodeDescriptor(codecOf(schemaOf(spec)).descriptor)
        encoded[place % encoded.length] = byte
        try {
          expect(encodeDescriptor(codecFromDescriptor(encoded, 64).descriptor)).toEqual(encoded)
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT', offset: 64 })
        }
      }),
      { seed, numRuns: 500 },
    )
  })
})

/** Reads random bytes as a message: as a copy, and in place. Only errors of layouts may come. */
function read(codec: AnyCodec, memory: Uint8Array): void {
  const length = codec.fixedLength ?? 40
  if (length > 250) return
  const data = new DataView(memory.slice().buffer)
  data.setUint32(8, 0, true) // of a union, the first member
  try {
    codec.decode(data, 8, length)
    shown((codec.readonlyView ?? codec.view)(data).at(8, length))
  } catch (error) {
    expect(error).toMatchObject({ name: 'LayoutError' })
  }
}
