import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LayoutError } from '../src/index.js'
import {
  CHANNEL_HEADER_LENGTH,
  newChannelHeader,
  placesOf,
  readChannelHeader,
  type Shape,
  type StreamFields,
  type StreamHeader,
  streamShape,
  writeChannelHeader,
  wrongDimension,
} from '../src/internal.js'

const SCHEMA = new TextEncoder().encode('{"kind":"u32"}')

const FIELDS: StreamFields = {
  capacity: 65_536,
  maxProducers: 2,
  maxConsumers: 3,
  overflow: 'overwrite',
  withoutConsumers: 'wait',
}
const INSTANCE = new Uint8Array(16).map((_, i) => i + 1)

function headerOf(changes: Partial<StreamHeader> = {}): StreamHeader {
  return { ...newChannelHeader(streamShape, { ...FIELDS, ...changes }, SCHEMA, INSTANCE), ...changes }
}

function written(header = headerOf()): ArrayBuffer {
  const buffer = new ArrayBuffer(header.controlLength)
  writeChannelHeader(buffer, streamShape, header, SCHEMA)
  return buffer
}

const read = (buffer: ArrayBuffer, memoryLength: number) => readChannelHeader(buffer, memoryLength, streamShape)
const refusal = (code: string, message = '') =>
  expect.objectContaining({ name: 'LayoutError', code, message: expect.stringContaining(message) })

const dimensions = { capacity: 65_536, maxProducers: 1, maxConsumers: 1 }

describe('the header of a channel', () => {
  it.each(['wait', 'overwrite'] as const)('is read as it was written, %s', (overflow) => {
    for (const withoutConsumers of ['wait', 'keep-latest'] as const) {
      const header = headerOf({ overflow, withoutConsumers })
      expect(read(written(header), header.length)).toEqual(header)
    }
  })

  it('has every field where the wire format says', () => {
    const view = new DataView(written(headerOf({ schemaHash: 0x0123_4567_89ab_cdefn })))
    const words = Array.from({ length: CHANNEL_HEADER_LENGTH / 4 }, (_, i) => view.getUint32(i * 4, true))
    const { length, schemaOffset, controlLength } = headerOf({ schemaHash: 0x0123_4567_89ab_cdefn })
    expect(words).toEqual([
      ...[0x314e_4c4d, 2, length, 0, 0x0403_0201, 0x0807_0605, 0x0c0b_0a09, 0x100f_0e0d, 1, 1, 1],
      ...[65_536, 2, 3, schemaOffset, SCHEMA.length, controlLength, 0, 0x89ab_cdef, 0x0123_4567],
    ])
    expect(new TextDecoder().decode(new Uint8Array(view.buffer, schemaOffset, SCHEMA.length))).toBe('{"kind":"u32"}')
  })

  it('is not readable before its magic word', () => {
    const buffer = written()
    new DataView(buffer).setUint32(0, 0)
    expect(read(buffer, headerOf().length)).toBeUndefined()
  })

  it('needs all its bytes, and as much memory as it says', () => {
    const { length } = headerOf()
    for (const short of [0, 3, 4, CHANNEL_HEADER_LENGTH - 1]) {
      expect(() => read(written().slice(0, short), length)).toThrow(refusal('NOT_A_CHANNEL'))
    }
    expect(read(written().slice(0, CHANNEL_HEADER_LENGTH), length)).toEqual(headerOf())
    expect(read(written(), length + 4096)).toEqual(headerOf())
    expect(() => read(written(), length - 1)).toThrow(refusal('CORRUPT'))
  })

  it('with any bytes changed is read or refused with a reason, and never reaches beyond the memory', () => {
    const bytes = fc.array(fc.tuple(fc.nat(CHANNEL_HEADER_LENGTH - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    // biome-ignore lint/nursery/noFloatingPromises: this property is not asynchronous
    fc.assert(
      fc.property(bytes, (changes) => {
        const buffer = written()
        for (const [offset, value] of changes) new Uint8Array(buffer)[offset] = value
        try {
          const header = read(buffer, headerOf().length)
          if (header === undefined) return
          expect(wrongDimension(header)).toBeUndefined()
          expect(header.controlLength + header.maxProducers * header.capacity).toBeLessThanOrEqual(headerOf().length)
        } catch (error) {
          expect(error).toBeInstanceOf(LayoutError)
          expect((error as LayoutError).code).toMatch(/^(NOT_A_CHANNEL|VERSION_MISMATCH|CORRUPT)$/)
        }
      }),
      { seed, numRuns: 3000 },
    )
  })

  it('of another shape is refused, and the error says what the memory is', () => {
    const other: Shape<StreamFields, unknown> = { ...streamShape, id: 7, name: 'queue' }
    const buffer = new ArrayBuffer(headerOf().controlLength)
    writeChannelHeader(buffer, other, headerOf(), SCHEMA)
    const { length } = headerOf()
    expect(() => read(buffer, length)).toThrow(
      refusal('NOT_A_CHANNEL', 'it is a channel of a shape that this version does not know (7), no stream'),
    )
    expect(() => readChannelHeader(written(), length, other)).toThrow(
      refusal('NOT_A_CHANNEL', 'it is a stream, no queue'),
    )
  })

  it('of another layout version is refused, and the error says both versions', () => {
    const buffer = written()
    new DataView(buffer).setUint32(4, 1, true)
    expect(() => read(buffer, headerOf().length)).toThrow(
      refusal('VERSION_MISMATCH', 'its layout version is 1, and this version of memlane needs 2'),
    )
  })

  it('that is not there is refused: the error says what the memory begins with', () => {
    const buffer = new ArrayBuffer(65_536)
    new DataView(buffer).setUint32(0, 42, true)
    expect(() => read(buffer, 65_536)).toThrow(refusal('NOT_A_CHANNEL', 'it begins with 0x0000002a, not with "MLN1"'))
  })

  it.each([0, 1, 2 ** 20 + 1])('has no schema of %s bytes', (length) => {
    expect(() => newChannelHeader(streamShape, FIELDS, new Uint8Array(length), INSTANCE)).toThrow(RangeError)
    const buffer = written()
    new DataView(buffer).setUint32(60, length, true)
    expect(() => read(buffer, headerOf().length)).toThrow(refusal('CORRUPT', `${length} bytes`))
  })
})

describe('the dimensions of a stream', () => {
  it.each([
    ['capacity', [0, -65_536, 1, 32_768, 65_537, 3 * 65_536, 2 ** 30, 2 ** 32, 65_536.5, Number.NaN, Infinity]],
    ['maxProducers', [0, -1, 65, 1.5, Number.NaN, Infinity]],
    ['maxConsumers', [0, -1, 33, 1.5, Number.NaN, Infinity]],
  ] as const)('refuse an invalid %s, and name it', (name, values) => {
    for (const value of values) expect(wrongDimension({ ...dimensions, [name]: value })).toContain(String(value))
  })

  it.each([
    ['capacity', [65_536, 2 ** 20, 2 ** 29]],
    ['maxProducers', [1, 32, 33, 64]],
    ['maxConsumers', [1, 32]],
  ] as const)('accept a valid %s', (name, values) => {
    for (const value of values) expect(wrongDimension({ ...dimensions, [name]: value })).toBeUndefined()
  })

  it('give places that do not overlap', () => {
    for (const maxProducers of [1, 2, 31, 32, 33, 64]) {
      for (const maxConsumers of [1, 32]) {
        const places = placesOf({ capacity: 65_536, maxProducers, maxConsumers }, 1000)
        const slots = 1024 + maxProducers * 128 + maxConsumers * (128 + Math.ceil(maxProducers / 32) * 128)
        expect(places.schemaOffset).toBe(slots)
        expect(places.controlLength % 65_536).toBe(0)
        expect(places.controlLength).toBeGreaterThanOrEqual(slots + 1000)
        expect(places.length).toBe(places.controlLength + maxProducers * 65_536)
      }
    }
  })
})
