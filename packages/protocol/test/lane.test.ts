import { describe, expect, it } from 'vitest'
import { LayoutError } from '../src/index.js'
import { findEnd, LaneReader, LaneWriter, maxMessageLength } from '../src/internal.js'

const CAPACITY = 1024
const NO_LIMIT = ({ position }: LaneWriter) => (position + CAPACITY) | 0

function write(writer: LaneWriter, text: string): boolean {
  const offset = writer.claim(text.length)
  if (offset === -1) return false
  for (let i = 0; i < text.length; i++) writer.data.setUint8(offset + i, text.charCodeAt(i))
  writer.commit()
  return true
}

function read(reader: LaneReader): string | undefined {
  const offset = reader.next()
  if (offset === -1) return undefined
  let text = ''
  for (let i = 0; i < reader.length; i++) text += String.fromCharCode(reader.data.getUint8(offset + i))
  return text
}

describe('a lane', () => {
  it('returns messages in order, each with its number', () => {
    const buffer = new ArrayBuffer(CAPACITY + 64)
    const writer = new LaneWriter(buffer, 64, CAPACITY, NO_LIMIT)
    const reader = new LaneReader(buffer, 64, CAPACITY)
    expect(read(reader)).toBeUndefined()
    for (const [sequence, text] of ['a', '', 'hello, world', 'x'.repeat(100)].entries()) {
      write(writer, text)
      expect(read(reader)).toBe(text)
      expect(reader.sequence).toBe(sequence)
      expect(read(reader)).toBeUndefined()
    }
  })

  it('lies where its layout says', () => {
    const buffer = new ArrayBuffer(CAPACITY)
    const writer = new LaneWriter(buffer, 0, CAPACITY, NO_LIMIT, { position: 0, sequence: 7 })
    write(writer, 'AB')
    const view = new DataView(buffer)
    expect(view.getUint32(0, true)).toBe(2 * 8 + 1)
    expect(view.getUint32(4, true)).toBe(7)
    expect([view.getUint8(8), view.getUint8(9)]).toEqual([0x41, 0x42])
    expect(view.getUint32(16, true)).toBe(0)
    writer.beginBatch()
    write(writer, 'C')
    write(writer, '')
    expect(view.getUint32(16, true)).toBe(0)
    writer.endBatch()
    expect(view.getUint32(16, true)).toBe(1 * 8 + 4 + 1)
    expect(view.getUint32(32, true)).toBe(1)
  })

  it('says when it is full, and continues when its readers have made room', () => {
    const buffer = new ArrayBuffer(CAPACITY)
    const reader = new LaneReader(buffer, 0, CAPACITY)
    const writer = new LaneWriter(buffer, 0, CAPACITY, () => (reader.position + CAPACITY) | 0)
    let written = 0
    while (write(writer, `message ${written}`)) written++
    expect(written).toBe(Math.floor((CAPACITY - 8) / 24))
    expect(read(reader)).toBe('message 0')
    expect(write(writer, 'again')).toBe(true)
    expect(write(writer, 'and again')).toBe(false)
    for (let i = 1; i < written; i++) expect(read(reader)).toBe(`message ${i}`)
    expect(read(reader)).toBe('again')
    expect(read(reader)).toBeUndefined()
  })

  it('takes two messages of the greatest length, wherever the ring ends', () => {
    const longest = maxMessageLength(CAPACITY)
    for (let start = 0; start < CAPACITY; start += 8) {
      const buffer = new ArrayBuffer(CAPACITY)
      const reader = new LaneReader(buffer, 0, CAPACITY, start)
      const limit = () => (reader.position + CAPACITY) | 0
      const writer = new LaneWriter(buffer, 0, CAPACITY, limit, { position: start, sequence: 0 })
      expect(write(writer, 'x'.repeat(longest))).toBe(true)
      expect(read(reader)).toHaveLength(longest)
      expect(write(writer, 'y'.repeat(longest))).toBe(true)
      expect(read(reader)).toHaveLength(longest)
      expect(() => writer.claim(longest + 1)).toThrow(`message of ${longest + 1} bytes`)
    }
  })

  it('shows nothing of an open or an aborted claim, and allows a shorter commit', () => {
    const buffer = new ArrayBuffer(CAPACITY)
    const writer = new LaneWriter(buffer, 0, CAPACITY, NO_LIMIT)
    const reader = new LaneReader(buffer, 0, CAPACITY)
    const offset = writer.claim(100)
    writer.data.setUint8(offset, 65)
    expect(read(reader)).toBeUndefined()
    expect(() => writer.claim(1)).toThrow(TypeError)
    writer.abort()
    expect(read(reader)).toBeUndefined()
    expect(() => writer.commit()).toThrow(TypeError)
    expect(writer.claim(100)).toBe(offset)
    expect(() => writer.commit(101)).toThrow(RangeError)
    writer.commit(1)
    expect(read(reader)).toBe('A')
    expect(write(writer, 'next')).toBe(true)
    expect(read(reader)).toBe('next')
  })

  it('at the end of the ring goes no further than its limit, even after a call of hasRoom', () => {
    const size = 32
    let limit = CAPACITY
    const buffer = new ArrayBuffer(CAPACITY)
    const writer = new LaneWriter(buffer, 0, CAPACITY, () => limit)
    limit = CAPACITY + size
    for (let index = 0; index < CAPACITY / size; index++) {
      expect(writer.claim(24)).toBe(index * size + 8)
      writer.commit()
    }
    expect(writer.hasRoom(24)).toBe(false)
    expect(writer.claim(24)).toBe(-1)
  })

  it('has nothing ready after a batch that ends with padding because filling failed', () => {
    const buffer = new ArrayBuffer(CAPACITY)
    const writer = new LaneWriter(buffer, 0, CAPACITY, NO_LIMIT)
    const reader = new LaneReader(buffer, 0, CAPACITY)
    for (const text of ['x'.repeat(400), 'y'.repeat(400)]) {
      write(writer, text)
      read(reader)
    }
    const each = (_: number, index: number) => {
      if (index === 2) throw new Error('in the middle')
    }
    writer.beginBatch()
    expect(() => writer.fill(3, 81, { at: (offset) => offset }, each)).toThrow('in the middle')
    writer.endBatch()
    for (let message = 0; message < 2; message++) {
      expect(reader.ready()).toBe(true)
      expect(read(reader)).toHaveLength(81)
    }
    expect(reader.ready()).toBe(false)
    expect(read(reader)).toBeUndefined()
    write(writer, 'next')
    expect(reader.ready()).toBe(true)
    expect(read(reader)).toBe('next')
  })

  it('whose padding leads to no record is CORRUPT, from whichever record a reader comes', () => {
    const buffer = new ArrayBuffer(CAPACITY)
    const words = new Int32Array(buffer)
    words[(CAPACITY - 64) / 4] = ((64 - 8) << 3) | 2
    words[0] = 3
    const position = CAPACITY - 64
    const corrupt = expect.objectContaining({ code: 'CORRUPT', offset: 0 })
    expect(() => new LaneReader(buffer, 0, CAPACITY, position).next()).toThrow(corrupt)
    expect(() => findEnd(buffer, 0, CAPACITY, { position, sequence: 0 })).toThrow(corrupt)
    const reader = new LaneReader(buffer, 0, CAPACITY, position)
    expect(() => reader.next()).toThrow(corrupt)
    expect(reader.position).toBe(position)
  })

  it('is CORRUPT at a place that is not a multiple of 8, whatever bytes are there', () => {
    const buffer = new ArrayBuffer(CAPACITY)
    const reader = new LaneReader(buffer, 0, CAPACITY)
    for (const commit of [0, (16 << 3) | 1, ((CAPACITY - 16) << 3) | 2]) {
      new Int32Array(buffer).fill(commit)
      for (const position of [4, 9, CAPACITY - 1, -4]) {
        const corrupt = expect.objectContaining({ code: 'CORRUPT', offset: position & (CAPACITY - 1) })
        reader.restart(position)
        expect(reader.ready()).toBe(true)
        expect(() => reader.next()).toThrow(corrupt)
        expect(() => reader.next()).toThrow(corrupt)
        expect(() => findEnd(buffer, 0, CAPACITY, { position, sequence: 0 })).toThrow(corrupt)
      }
    }
    new Int32Array(buffer).fill(0)
    reader.restart(8)
    expect(reader.ready()).toBe(false)
    expect(reader.next()).toBe(-1)
  })

  it('continues after the last whole message when another writer takes it up', () => {
    const buffer = new ArrayBuffer(CAPACITY)
    const first = new LaneWriter(buffer, 0, CAPACITY, NO_LIMIT)
    write(first, 'one')
    write(first, 'two')
    first.beginBatch()
    write(first, 'never published')
    write(first, 'nor this')
    const end = findEnd(buffer, 0, CAPACITY, { position: 0, sequence: 0 })
    expect(end).toEqual({ position: 32, sequence: 2 })
    const second = new LaneWriter(buffer, 0, CAPACITY, NO_LIMIT, end)
    write(second, 'three, of another length')
    const reader = new LaneReader(buffer, 0, CAPACITY)
    expect([read(reader), read(reader), read(reader), read(reader)]).toEqual([
      'one',
      'two',
      'three, of another length',
      undefined,
    ])
  })

  it('refuses a capacity that is not a power of two in its range', () => {
    for (const capacity of [0, 512, 1000, 2 ** 30, Number.NaN]) {
      expect(() => new LaneReader(new ArrayBuffer(4096), 0, capacity)).toThrow(`lane capacity ${capacity}`)
    }
    expect(() => new LaneReader(new ArrayBuffer(1000), 0, CAPACITY)).toThrow(RangeError)
  })

  it('says CORRUPT of a record that is too long, of an unknown kind, or padding in a wrong place', () => {
    for (const commit of [0xffffffff, 3, 4, 8 * 1017 + 1, 8 * 10 + 2, 8 * (CAPACITY - 8) + 2]) {
      const buffer = new ArrayBuffer(CAPACITY)
      new DataView(buffer).setUint32(0, commit, true)
      const reader = new LaneReader(buffer, 0, CAPACITY)
      expect(() => reader.next()).toThrow(LayoutError)
      expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'CORRUPT', offset: 0 }))
      expect(reader.position).toBe(0)
    }
  })
})
