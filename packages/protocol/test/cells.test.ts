import { describe, expect, it } from 'vitest'
import { board, type PayloadDescriptor, payload, struct, u32, union, utf8 } from '../src/index.js'
import {
  CellReader,
  CellWriter,
  encodeDescriptor,
  keyPlacesOf,
  keysIn,
  latestShape,
  NEVER_SET,
  newChannelHeader,
  readChannelHeader,
  writeChannelHeader,
} from '../src/internal.js'

const Quote = struct('Quote', { symbol: utf8(8), seq: u32 })
const SCHEMA = new TextEncoder().encode('{}')
const FIELDS = { keyCount: 2, maxReaders: 3, maxMessageLength: 1000, cellsLength: 5000 }
const INSTANCE = new Uint8Array(16).map((_, index) => index + 1)

function places(...descriptors: PayloadDescriptor[]) {
  return keyPlacesOf(descriptors, 1000)
}

function makeKey(length = 12) {
  const { keys, cellsLength } = keyPlacesOf([{ kind: 'payload', encoding: 'bytes' }], length)
  const cells = new ArrayBuffer(cellsLength)
  const place = keys[0] as (typeof keys)[0]
  return { cells, place, words: new Int32Array(cells) }
}

/** Sets a value whose bytes are all the same. */
function set(writer: CellWriter, byte: number, length = writer.capacity): void {
  for (let i = 0; i < length; i++) writer.data.setUint8(writer.nextOffset + i, byte)
  writer.publish(length, byte * 10)
}

describe('the header of a latest', () => {
  const header = newChannelHeader(latestShape, FIELDS, SCHEMA, INSTANCE)
  const written = () => {
    const buffer = new ArrayBuffer(header.controlLength)
    writeChannelHeader(buffer, latestShape, header, SCHEMA)
    return buffer
  }

  it('has every field where the wire format says', () => {
    const view = new DataView(written())
    const words = Array.from({ length: 18 }, (_, index) => view.getUint32(index * 4, true))
    expect(words).toEqual([
      ...[0x314e_4c4d, 2, 65_536 + 5000, 0, 0x0403_0201, 0x0807_0605, 0x0c0b_0a09, 0x100f_0e0d],
      ...[2, 2, 3, 1000, 5000, 0, 512 + 3 * 128, 2, 65_536, 0],
    ])
  })

  it('is read as it was written', () => {
    expect(readChannelHeader(written(), header.length, latestShape)).toEqual(header)
  })

  it.each([
    [{ keyCount: 0 }, 'number of keys 0'],
    [{ keyCount: 1025 }, 'number of keys 1025'],
    [{ maxReaders: 33 }, 'maxReaders 33'],
    [{ maxMessageLength: 0 }, 'maxMessageLength 0'],
    [{ maxMessageLength: 2 ** 28 + 1 }, 'maxMessageLength 268435457'],
    [{ cellsLength: 2 ** 31 }, 'length of all cells 2147483648'],
  ])('is refused with %j', (change, message) => {
    expect(() => newChannelHeader(latestShape, { ...FIELDS, ...change }, SCHEMA, INSTANCE)).toThrow(message)
  })
})

describe('the control part of a latest', () => {
  it('has its words where the wire format says', () => {
    const header = newChannelHeader(latestShape, FIELDS, SCHEMA, INSTANCE)
    const control = latestShape.controlOf(new ArrayBuffer(header.controlLength), header, false)
    const { readers, writers, sleepingReaders } = control
    expect([readers.sleepMask * 4, sleepingReaders.byteOffset]).toEqual([128, 128])
    expect([0, 1, 2].map((slot) => readers.slotIndex(slot) * 4)).toEqual([512, 640, 768])
    expect([readers.epochIndex(0) * 4, readers.numberOf(0), writers.numberOf(0)]).toEqual([512, 0, 64])
    expect(writers.slotIndex(0) * 4).toBe(384)
    const states = [control.writerState]
    control.announceOpen()
    states.push(control.writerState)
    expect(writers.words[384 / 4]).toBe(1)
    control.announceClosed()
    states.push(control.writerState)
    expect(writers.words[384 / 4]).toBe(2)
    expect(states).toEqual(['unused', 'open', 'closed'])
  })
})

describe('the cells of a key', () => {
  it('have room for the longest value', () => {
    const text = payload.utf8.descriptor
    const fixed = union({ quote: Quote, number: u32 }).descriptor
    const varying = union({ quote: Quote, long: struct('Long', { text: utf8(2000) }), text: payload.utf8 }).descriptor
    const { keys, cellsLength } = places(Quote.descriptor, text, fixed, varying)
    expect(keys).toEqual([
      { offset: 0, capacity: 12, cellLength: 128 },
      { offset: 640, capacity: 1000, cellLength: 1024 },
      { offset: 640 + 4224, capacity: 20, cellLength: 128 },
      { offset: 640 + 4224 + 640, capacity: 2008, cellLength: 2048 },
    ])
    expect(cellsLength).toBe(640 + 4224 + 640 + 128 + 4 * 2048)
  })

  it('have every field where the wire format says', () => {
    const { cells, place } = makeKey()
    const writer = new CellWriter(cells, place)
    set(writer, 7)
    const view = new DataView(cells)
    expect(view.getUint32(0, true)).toBe(1)
    const cell = 128 + 128
    expect(view.getFloat64(cell, true)).toBe(70)
    expect([view.getUint32(cell + 8, true), view.getUint32(cell + 12, true)]).toEqual([12, 0])
    expect(new Uint8Array(cells, cell + 16, 13)).toEqual(new Uint8Array([...Array(12).fill(7), 0]))
    for (const byte of [1, 2, 3]) set(writer, byte)
    expect([view.getUint32(0, true), view.getUint8(128 + 16)]).toEqual([4, 3])
  })

  it('show nothing until a value is set', () => {
    const { cells, place } = makeKey()
    const reader = new CellReader(cells, place)
    expect([reader.begin(), reader.version]).toEqual([NEVER_SET, 0])
    set(new CellWriter(cells, place), 5, 3)
    const offset = reader.begin()
    expect([reader.data.getUint8(offset), reader.length, reader.version, reader.time]).toEqual([5, 3, 1, 50])
    expect(reader.isWhole(reader.low)).toBe(true)
  })

  it.each([false, true])('stay whole until the writer comes back, three values later, in order: %s', (inOrder) => {
    const { cells, place } = makeKey()
    const writer = new CellWriter(cells, place, { sleeping: new Int32Array(1), inOrder })
    const reader = new CellReader(cells, place, inOrder)
    set(writer, 1)
    const offset = reader.begin()
    const { low } = reader
    for (const [byte, isWhole] of [
      [2, true],
      [3, true],
      [4, false],
      [5, false],
    ] as const) {
      set(writer, byte)
      expect([byte, reader.isWhole(low)]).toEqual([byte, isWhole])
      expect(reader.data.getUint8(offset)).toBe(byte < 5 ? 1 : 5)
    }
  })

  it('keep the old value if the writer dies while it writes, and the next writer goes on', () => {
    const { cells, place } = makeKey()
    const writer = new CellWriter(cells, place)
    for (const byte of [1, 2, 3, 4, 5]) set(writer, byte)
    new Uint8Array(cells, writer.nextOffset - 16, 28).fill(0xff) // it dies here
    const reader = new CellReader(cells, place)
    expect([reader.data.getUint8(reader.begin()), reader.version]).toEqual([5, 5])
    const next = new CellWriter(cells, place)
    expect([next.version, next.data.getUint8(next.newestOffset), next.newestLength]).toEqual([5, 5, 12])
    set(next, 6)
    expect([reader.data.getUint8(reader.begin()), reader.version]).toEqual([6, 6])
  })

  it('count on when the lower half of the version wraps', () => {
    const { cells, place, words } = makeKey()
    words[0] = -2
    words[(128 + 2 * 128 + 12) / 4] = 0
    const writer = new CellWriter(cells, place)
    const reader = new CellReader(cells, place)
    const versions = [writer.version]
    for (let count = 0; count < 8; count++) {
      reader.begin()
      const begun = reader.low
      set(writer, count)
      expect(reader.isWhole(begun)).toBe(true)
      const offset = reader.begin()
      expect([reader.data.getUint8(offset), reader.version]).toEqual([count, writer.version])
      versions.push(reader.version)
    }
    expect(versions).toEqual(Array.from({ length: 9 }, (_, index) => 2 ** 32 - 2 + index))
    expect(new CellWriter(cells, place).version).toBe(2 ** 32 + 6)
  })

  it('are overtaken by three values, also when the lower half of the version wraps', () => {
    const { cells, place, words } = makeKey()
    words[0] = -2
    const writer = new CellWriter(cells, place)
    const reader = new CellReader(cells, place)
    reader.begin()
    const { low } = reader
    const isWhole = [1, 2, 3, 4].map((byte) => {
      set(writer, byte)
      return reader.isWhole(low)
    })
    expect(isWhole).toEqual([true, true, false, false])
  })

  it('tell a value of version 2^32 from a key that was never set', () => {
    const { cells, place, words } = makeKey()
    words[0] = -1
    const writer = new CellWriter(cells, place)
    const reader = new CellReader(cells, place)
    set(writer, 9)
    expect(reader.begin()).toBeGreaterThan(0)
    expect(reader.version).toBe(2 ** 32)
  })

  it('start from the old value, or from zeros', () => {
    const { cells, place } = makeKey()
    const writer = new CellWriter(cells, place)
    new Uint8Array(cells, writer.nextOffset, 12).fill(0xff)
    writer.carryOver(12)
    expect(new Uint8Array(cells, writer.nextOffset, 12)).toEqual(new Uint8Array(12))
    set(writer, 4)
    writer.carryOver(12)
    expect(new Uint8Array(cells, writer.nextOffset, 12)).toEqual(new Uint8Array(12).fill(4))
  })
})

describe('board', () => {
  it('describes its keys in their order', () => {
    const { descriptor, keys } = board({ quote: Quote, note: payload.utf8 })
    expect(descriptor).toEqual({
      kind: 'board',
      members: [
        { name: 'quote', payload: Quote.descriptor },
        { name: 'note', payload: { kind: 'payload', encoding: 'utf8' } },
      ],
    })
    expect(Object.keys(keys)).toEqual(['quote', 'note'])
  })

  it.each(['', '7', '__proto__'])('refuses the name %j', (name) => {
    expect(() => board(Object.fromEntries([[name, u32]]))).toThrow(
      `${JSON.stringify(name)} cannot be the name of a board key`,
    )
  })

  it('refuses no keys, and keys without a schema', () => {
    expect(() => board({})).toThrow(RangeError)
    expect(() => board({ a: 5 as never })).toThrow(/^schema must be a layout or a codec/)
  })
})

describe('the keys of a latest', () => {
  const Car = board({ quote: Quote, note: payload.utf8 })
  const corrupt = expect.objectContaining({ name: 'LayoutError', code: 'CORRUPT' })

  it('are read from its descriptor', () => {
    const { descriptor, members } = keysIn(encodeDescriptor(Car.descriptor), 0)
    expect(descriptor).toEqual(Car.descriptor)
    expect(members.map(({ name }) => name)).toEqual(['quote', 'note'])
    expect(keysIn(encodeDescriptor(Quote.descriptor), 0).members).toEqual([
      { name: 'value', payload: Quote.descriptor },
    ])
  })

  it.each([
    '{"kind":"board","members":[]}',
    '{"kind":"board","members":[7]}',
    '{"kind":"board","members":[{"name":"a"}]}',
    '{"kind":"board","members":[{"name":"a","payload":{"encoding":"utf8","kind":"payload"}}],"x":1}',
    '{"members":[{"name":"a","payload":{"encoding":"utf8","kind":"payload"}}],"kind":"board"}',
    `{"kind":"board","members":[${Array(2).fill('{"name":"a","payload":{"encoding":"utf8","kind":"payload"}}')}]}`,
    `{"kind":"board","members":[{"name":"a","payload":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}`,
    '{"kind":"board"}',
    '[]',
    'x',
  ])('are refused if nobody can have written them: %.60s', (text) => {
    expect(() => keysIn(new TextEncoder().encode(text), 0)).toThrow(corrupt)
  })
})
