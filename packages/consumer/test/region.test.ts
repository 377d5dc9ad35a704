import { SharedMemory } from '@memlane/core'
import { array, f64, struct, u32, utf8, writeSnapshot } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { openRegion, openRegionSync, RegionReader } from '../src/index.js'

const Point = struct('Point', { x: f64, y: f64, label: utf8(16) })
const Quote = struct('Quote', { seq: u32, bid: f64, ask: f64 }, { consistency: { sequence: 'seq' } })

const plainMemory = (length: number) => ({ name: 'plain', buffer: new ArrayBuffer(length), close() {} })
const fill = (buffer: ArrayBuffer) => Point.write(new DataView(buffer), 0, { x: 1, y: 2, label: 'a' })

describe('a region reader', () => {
  it('reads a value whole, and fields one by one', () => {
    const memory = plainMemory(100)
    fill(memory.buffer)
    const region = new RegionReader(memory, Point)
    const value = region.read()
    expect(value).toEqual({ x: 1, y: 2, label: 'a' })
    new DataView(memory.buffer).setFloat64(0, 9, true)
    expect([value.x, region.view.x, region.read().x]).toEqual([1, 9, 9])
  })

  it('takes snapshots of a layout with version words, and returns undefined if its writer died inside an update', () => {
    const memory = plainMemory(Quote.length)
    const region = new RegionReader(memory, Quote)
    writeSnapshot(Quote, memory.buffer, 0, { bid: 1, ask: 2 })
    expect(region.snapshot()).toEqual({ seq: 2, bid: 1, ask: 2 })
    new DataView(memory.buffer).setUint32(0, 3, true)
    expect(region.snapshot(10)).toBeUndefined()
    expect(region.read()).toEqual({ seq: 3, bid: 1, ask: 2 })
  })

  it('has no snapshot of a layout without version words', () => {
    // @ts-expect-error it does not compile either
    expect(() => new RegionReader(plainMemory(100), Point).snapshot()).toThrow(TypeError)
  })

  it('never throws on any bytes', () => {
    const memory = plainMemory(Point.length)
    new Uint8Array(memory.buffer).fill(0xff)
    expect(new RegionReader(memory, Point).read()).toEqual({
      x: Number.NaN,
      y: Number.NaN,
      label: '\ufffd'.repeat(16),
    })
  })
})

describe('openRegion', () => {
  it('waits for the memory to appear, and finds it filled', async () => {
    const name = uniqueName('memlane')
    const opening = openRegion(name, Point)
    await new Promise((resolve) => setTimeout(resolve, 20))
    using memory = SharedMemory.create(name, 4096, { initialize: fill })
    using region = await opening
    expect(region.memory.access).toBe('read')
    expect(region.memory.bytes.byteLength).toBe(Point.length)
    expect(region.read().label).toBe('a')
    expect(memory.created).toBe(true)
  })

  it('rejects with TIMED_OUT at its timeout, and with the reason if it is aborted', async () => {
    const name = uniqueName('memlane')
    await expect(openRegion(name, Point, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      cause: expect.objectContaining({ code: 'NOT_FOUND' }),
    })
    const abort = new AbortController()
    const opening = openRegion(name, Point, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
  })

  it('says NOT_FOUND at once if it does not wait', async () => {
    const name = uniqueName('memlane')
    expect(() => openRegionSync(name, Point)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    await expect(openRegion(name, Point, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'TIMED_OUT' })
  })

  it('says TOO_SHORT, with both lengths, for memory shorter than the layout', () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 8192)
    const available = memory.objectLength
    const Long = struct('Long', { text: utf8(8193) })
    expect(() => openRegionSync(name, Long)).toThrow(
      expect.objectContaining({ code: 'TOO_SHORT', requested: 8193, available }),
    )
  })

  it('says CLOSED after close, which is idempotent', () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 4096)
    const region = openRegionSync(name, Point)
    region.close()
    region.close()
    expect(() => region.read()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(() => region.view.x).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })
})

describe('the types of a reader', () => {
  it('allow no write through its view, at any depth', () => {
    const Deep = struct('Deep', { n: u32, list: array(f64, 2), inner: struct('Inner', { x: f64 }) })
    type View = RegionReader<typeof Deep>['view']
    expectTypeOf<View['n']>().toEqualTypeOf<number>()
    expectTypeOf<View>().not.toExtend<{ list: { set(index: number, value: number): void } }>()
    const view = {} as View
    const neverCalled = () => {
      // @ts-expect-error nested fields are read-only
      view.inner.x = 1
      // @ts-expect-error and so are fields
      view.n = 1
      return view.list.get(0) + view.list.toArray().length
    }
    expect(neverCalled).toBeTypeOf('function')
  })
})
