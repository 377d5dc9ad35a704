import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LayoutError } from '../src/index.js'
import {
  CHANNEL_HEADER_LENGTH,
  placesOf,
  readStreamHeader,
  type StreamHeader,
  writeStreamHeader,
  wrongDimension,
} from '../src/internal.js'
import { seed } from './seed.js'

const SCHEMA = new TextEncoder().encode('{"kind":"u32"}')

function headerOf(changes: Partial<StreamHeader> = {}): StreamHeader {
  const dimensions = { capacity: 65_536, producers: 2, consumers: 3, schemaLength: SCHEMA.length }
  return {
    ...dimensions,
    ...placesOf(dimensions),
    overflow: 'overwrite',
    withoutConsumers: 'wait',
    instance: new Uint8Array(16).map((_, i) => i + 1),
    schemaHash: 0x0123_4567_89ab_cdefn,
    ...changes,
  }
}

function written(header = headerOf()): ArrayBuffer {
  const buffer = new ArrayBuffer(header.lanesOffset)
  writeStreamHeader(buffer, header, SCHEMA)
  return buffer
}

const dimensions = { capacity: 65_536, producers: 1, consumers: 1, schemaLength: 2 }

describe('the header of a channel', () => {
  it.each(['wait', 'overwrite'] as const)('is read as it was written, %s', (overflow) => {
    for (const withoutConsumers of ['wait', 'keep-latest'] as const) {
      const header = headerOf({ overflow, withoutConsumers })
      expect(readStreamHeader(written(header), header.length)).toEqual(header)
    }
  })

  it('has every field where the wire format says', () => {
    const view = new DataView(written())
    const words = Array.from({ length: CHANNEL_HEADER_LENGTH / 4 }, (_, i) => view.getUint32(i * 4, true))
    const { length, schemaOffset, lanesOffset } = headerOf()
    expect(words).toEqual([
      ...[0x314e_4c4d, 1, length, 0, 0x0403_0201, 0x0807_0605, 0x0c0b_0a09, 0x100f_0e0d, 1, 1, 1],
      ...[65_536, 2, 3, schemaOffset, SCHEMA.length, lanesOffset, 0, 0x89ab_cdef, 0x0123_4567],
    ])
    expect(new TextDecoder().decode(new Uint8Array(view.buffer, schemaOffset, SCHEMA.length))).toBe('{"kind":"u32"}')
  })

  it('is not there before its magic word', () => {
    const buffer = written()
    new DataView(buffer).setUint32(0, 0)
    expect(readStreamHeader(buffer, headerOf().length)).toBeUndefined()
  })

  it('needs its bytes, and the memory that it speaks of', () => {
    const { length } = headerOf()
    const refusal = (code: string) => expect.objectContaining({ name: 'LayoutError', code })
    for (const short of [0, 3, 4, CHANNEL_HEADER_LENGTH - 1]) {
      expect(() => readStreamHeader(written().slice(0, short), length)).toThrow(refusal('NOT_A_CHANNEL'))
    }
    expect(readStreamHeader(written().slice(0, CHANNEL_HEADER_LENGTH), length)).toEqual(headerOf())
    expect(readStreamHeader(written(), length + 4096)).toEqual(headerOf())
    expect(() => readStreamHeader(written(), length - 1)).toThrow(refusal('CORRUPT'))
  })

  it('with any bytes changed is read, or refused with a reason: never more than the memory has', () => {
    const bytes = fc.array(fc.tuple(fc.nat(CHANNEL_HEADER_LENGTH - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    // biome-ignore lint/nursery/noFloatingPromises: this property is not asynchronous
    fc.assert(
      fc.property(bytes, (changes) => {
        const buffer = written()
        for (const [offset, value] of changes) new Uint8Array(buffer)[offset] = value
        try {
          const header = readStreamHeader(buffer, headerOf().length)
          if (header === undefined) return
          expect(wrongDimension(header)).toBeUndefined()
          expect(header.lanesOffset + header.producers * header.capacity).toBeLessThanOrEqual(headerOf().length)
        } catch (error) {
          expect(error).toBeInstanceOf(LayoutError)
          expect((error as LayoutError).code).toMatch(/^(NOT_A_CHANNEL|VERSION_MISMATCH|CORRUPT)$/)
        }
      }),
      { seed, numRuns: 3000 },
    )
  })
})

describe('the dimensions of a stream', () => {
  it.each([
    ['capacity', [0, -65_536, 1, 32_768, 65_537, 3 * 65_536, 2 ** 30, 2 ** 32, 65_536.5, Number.NaN, Infinity]],
    ['producers', [0, -1, 65, 1.5, Number.NaN, Infinity]],
    ['consumers', [0, -1, 33, 1.5, Number.NaN, Infinity]],
    ['schemaLength', [0, 1, 2 ** 20 + 1, 2.5, Number.NaN]],
  ] as const)('refuse a %s that cannot be, naming it', (name, values) => {
    for (const value of values) expect(wrongDimension({ ...dimensions, [name]: value })).toContain(String(value))
  })

  it.each([
    ['capacity', [65_536, 2 ** 20, 2 ** 29]],
    ['producers', [1, 32, 33, 64]],
    ['consumers', [1, 32]],
    ['schemaLength', [2, 2 ** 20]],
  ] as const)('admit a %s that can', (name, values) => {
    for (const value of values) expect(wrongDimension({ ...dimensions, [name]: value })).toBeUndefined()
  })

  it('leave no two places in one another', () => {
    for (const producers of [1, 2, 31, 32, 33, 64]) {
      for (const consumers of [1, 32]) {
        const places = placesOf({ capacity: 65_536, producers, consumers, schemaLength: 1000 })
        const slots = 1024 + producers * 128 + consumers * (128 + Math.ceil(producers / 32) * 128)
        expect(places.schemaOffset).toBe(slots)
        expect(places.lanesOffset % 65_536).toBe(0)
        expect(places.lanesOffset).toBeGreaterThanOrEqual(slots + 1000)
        expect(places.length).toBe(places.lanesOffset + producers * 65_536)
      }
    }
  })
})
