import { SharedMemory } from '@memlane/core'
import { array, f64, readSnapshot, struct, u32, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { createRegion, RegionWriter } from '../src/index.js'

const Point = struct('Point', { x: f64, y: f64, label: utf8(16) })
const Quote = struct('Quote', { seq: u32, bid: f64, ask: f64 }, { consistency: { sequence: 'seq' } })

const plainMemory = (length: number) => ({ name: 'plain', buffer: new ArrayBuffer(length), close() {} })

describe('a region writer', () => {
  it('writes a value whole, and fields one by one, where a reader of the bytes finds them', () => {
    const memory = plainMemory(100)
    const region = new RegionWriter(memory, Point)
    region.write({ x: 1, y: 2, label: 'here' })
    expect(Point.read(new DataView(memory.buffer), 0)).toEqual({ x: 1, y: 2, label: 'here' })
    region.view.y = 3
    region.view.label = 'there'
    expect(Point.read(new DataView(memory.buffer), 0)).toEqual({ x: 1, y: 3, label: 'there' })
  })

  it('refuses a value that does not fit, naming the field, and writes nothing of it', () => {
    const memory = plainMemory(100)
    const region = new RegionWriter(memory, Point)
    expect(() => region.write({ x: 1, y: 2, label: 'x'.repeat(16) })).toThrow(/Point\.label/)
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true)
  })

  it('advances the version words of a layout that has them', () => {
    const memory = plainMemory(Quote.length)
    const region = new RegionWriter(memory, Quote)
    region.write({ bid: 1, ask: 2 })
    expect(readSnapshot(Quote, memory.buffer)).toEqual({ seq: 2, bid: 1, ask: 2 })
    region.update((fields) => {
      fields.bid = 5
      expect(readSnapshot(Quote, memory.buffer)).toBeUndefined()
      fields.ask = 6
    })
    expect(readSnapshot(Quote, memory.buffer)).toEqual({ seq: 4, bid: 5, ask: 6 })
  })

  it('refuses an update that is not done at once', () => {
    const region = new RegionWriter(plainMemory(Quote.length), Quote)
    expect(() => region.update((async () => {}) as () => void)).toThrow(TypeError)
  })

  it('has no update for a layout without version words', () => {
    const region = new RegionWriter(plainMemory(100), Point)
    // @ts-expect-error it does not compile either
    expect(() => region.update(() => {})).toThrow(TypeError)
  })

  it('refuses memory that is shorter than its layout', () => {
    expect(() => new RegionWriter(plainMemory(31), Point)).toThrow(RangeError)
  })
})

describe('createRegion', () => {
  it('creates memory of the length of the layout, with the value in it', () => {
    const name = uniqueName('memlane')
    using region = createRegion(name, Point, { value: { x: 1, y: 2, label: 'a' } })
    expect(region.memory.created).toBe(true)
    expect(region.memory.objectLength).toBe(Point.length)
    using memory = SharedMemory.open(name)
    expect(Point.read(new DataView(memory.buffer), 0)).toEqual({ x: 1, y: 2, label: 'a' })
  })

  it('creates longer memory when asked, and refuses shorter', () => {
    using region = createRegion(uniqueName('memlane'), Point, { length: 1000 })
    expect(region.memory.objectLength).toBe(1000)
    expect(() => createRegion(uniqueName('memlane'), Point, { length: Point.length - 1 })).toThrow(RangeError)
  })

  it('refuses what exists, or opens it and writes there', () => {
    const name = uniqueName('memlane')
    using first = createRegion(name, Point, { value: { x: 1, y: 1, label: '' } })
    expect(() => createRegion(name, Point)).toThrow(expect.objectContaining({ code: 'ALREADY_EXISTS' }))
    using second = createRegion(name, Point, { existing: 'open', value: { x: 7, y: 7, label: 'second' } })
    expect(second.memory.created).toBe(false)
    expect(first.view.label).toBe('second')
    const long = array(f64, 1000)
    expect(() => createRegion(name, long, { existing: 'open' })).toThrow(expect.objectContaining({ code: 'TOO_SHORT' }))
  })

  it('refuses memory that is there and shorter than asked for', () => {
    const name = uniqueName('memlane')
    using _first = createRegion(name, u32)
    expect(() => createRegion(name, u32, { existing: 'open', length: 2 ** 20 })).toThrow(
      expect.objectContaining({ code: 'TOO_SHORT', requested: 2 ** 20 }),
    )
  })

  it('creates nothing when the value does not fit', () => {
    const name = uniqueName('memlane')
    expect(() => createRegion(name, Point, { value: { x: 1, y: 1, label: 'x'.repeat(99) } })).toThrow(RangeError)
    expect(() => SharedMemory.open(name)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  it('says CLOSED after close, which is idempotent', () => {
    const region = createRegion(uniqueName('memlane'), Point)
    region.close()
    region.close()
    expect(() => region.write({ x: 0, y: 0, label: '' })).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(() => region.view.x).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })
})

describe('an update', () => {
  it('refuses another update, a write and a close inside it, and leaves snapshots whole', () => {
    for (const consistency of [{ sequence: 'seq' }, { begin: 'seq', end: 'last' }, { counter: 'last' }] as const) {
      const Pair = struct('Pair', { seq: u32, x: f64, last: u32 }, { consistency: consistency as { sequence: 'seq' } })
      using region = createRegion(uniqueName('memlane'), Pair, { value: { seq: 0, x: 1, last: 0 } })
      const { buffer } = region.memory
      region.update((view) => {
        view.x = 2
        expect(() => region.update(() => {})).toThrow('Pair: an update is running')
        expect(() => region.write({ seq: 9, x: 9, last: 9 })).toThrow('Pair: an update is running')
        expect(() => region.close()).toThrow(/close\(\) is not possible inside update\(\)/)
      })
      expect(readSnapshot(Pair, buffer)).toMatchObject({ x: 2 })
      expect(() =>
        region.update((view) => {
          view.x = 3
          region.update(() => {})
        }),
      ).toThrow(TypeError)
      expect(readSnapshot(Pair, buffer)).toMatchObject({ x: 3 })
      region.update((view) => {
        view.x = 4
      })
      expect(readSnapshot(Pair, buffer)).toMatchObject({ x: 4 })
    }
  })

  it('does not let its callback write a version word', () => {
    using region = createRegion(uniqueName('memlane'), Quote, { value: { bid: 1, ask: 2 } })
    region.update((fields) => {
      // @ts-expect-error it does not compile either
      expect(() => (fields.seq = 7)).toThrow('Quote.seq: update() counts the version words itself')
    })
    expect(readSnapshot(Quote, region.memory.buffer)).toEqual({ seq: 4, bid: 1, ask: 2 })
  })

  it('refuses fields that the layout does not have', () => {
    using region = createRegion(uniqueName('memlane'), Quote, { value: { bid: 1, ask: 2 } })
    // @ts-expect-error it does not compile either
    expect(() => region.write({ bid: 1, ask: 2, bit: 3 })).toThrow('Quote.bit: unknown field; did you mean bid?')
  })
})
