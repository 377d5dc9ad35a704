import { inspect } from 'node:util'
import { capabilities, SharedMemory } from '@memlane/core'
import { type AnyLayout, array, f64, payload, readSnapshot, struct, u8, u32, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { createRegion, createStream, RegionWriter } from '../src/index.js'

const Point = struct('Point', { x: f64, y: f64, label: utf8(16) })
const Quote = struct('Quote', { seq: u32, bid: f64, ask: f64 }, { consistency: { sequence: 'seq' } })

const code = (code: string) => expect.objectContaining({ code })

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

  it('refuses a value that does not fit, names the field, and writes no part of the value', () => {
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

  it('refuses an asynchronous update', () => {
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

  it('refuses a second writer and names the process of the first; joins it if asked', () => {
    const name = uniqueName('memlane')
    using first = createRegion(name, Point, { value: { x: 1, y: 1, label: '' } })
    const pid = capabilities.namespace === 'posix' ? `process ${process.pid}` : '(process \\d+|a living process)'
    expect(() => createRegion(name, Point)).toThrow(
      expect.objectContaining({ code: 'ALREADY_EXISTS', message: expect.stringMatching(`${pid}.*existing: 'join'`) }),
    )
    expect(() => createRegion(name, Point, { existing: 'refuse' })).toThrow(code('ALREADY_EXISTS'))
    using second = createRegion(name, Point, { existing: 'join', value: { x: 7, y: 7, label: 'second' } })
    expect(second.memory.created).toBe(false)
    first.refresh()
    expect(first.view.label).toBe('second')
  })

  it('refuses a writer while one that has joined lives, also after the first one has closed', () => {
    const name = uniqueName('memlane')
    const first = createRegion(name, Point)
    using joined = createRegion(name, Point, { existing: 'join' })
    using other = createRegion(name, Point, { existing: 'join' })
    first.close()
    expect(() => createRegion(name, Point)).toThrow(code('ALREADY_EXISTS'))
    joined.close()
    expect(() => createRegion(name, Point)).toThrow(code('ALREADY_EXISTS'))
    using keeper = SharedMemory.open(name)
    other.close()
    createRegion(name, Point).close()
    expect(keeper.closed).toBe(false)
  })

  it('leaves no writer behind when a value throws while it is written', () => {
    const name = uniqueName('memlane')
    using _keeper = SharedMemory.create(name, Point.length)
    let reads = 0
    const value = {
      x: 1,
      label: '',
      get y() {
        if (reads++ > 0) throw new Error('late')
        return 1
      },
    }
    expect(() => createRegion(name, Point, { value })).toThrow('late')
    createRegion(name, Point).close()
  })

  it.each([undefined, null, 5, 'text', payload.utf8, payload.json(), { a: 1 }])('refuses %s as a layout', (layout) => {
    expect(() => createRegion(uniqueName('memlane'), layout as never)).toThrow('layout must be a struct')
  })

  it('takes over memory whose writer has closed, and keeps its value unless given one', () => {
    const name = uniqueName('memlane')
    const first = createRegion(name, Point, { value: { x: 1, y: 2, label: 'kept' } })
    using keeper = SharedMemory.open(name)
    first.close()
    const second = createRegion(name, Point)
    expect(second.memory.created).toBe(false)
    expect(second.view.label).toBe('kept')
    second.close()
    expect(() => createRegion(name, Point, { existing: 'refuse' })).toThrow(code('ALREADY_EXISTS'))
    using third = createRegion(name, Point, { value: { x: 3, y: 4, label: 'new' } })
    expect(third.view.label).toBe('new')
    expect(Point.read(new DataView(keeper.buffer), 0).x).toBe(3)
  })

  it('refuses memory that is there and shorter than asked for, naming the option', () => {
    const name = uniqueName('memlane')
    using _first = createRegion(name, u32)
    for (const existing of ['take-over', 'join'] as const) {
      expect(() => createRegion(name, u32, { existing, length: 2 ** 20 })).toThrow(
        expect.objectContaining({
          code: 'OPTIONS_MISMATCH',
          message: expect.stringContaining('length asks for 1048576'),
        }),
      )
      expect(() => createRegion(name, array(f64, 1000), { existing })).toThrow(code('TOO_SHORT'))
    }
  })

  it('refuses unknown options and options of the wrong type', () => {
    const name = uniqueName('memlane')
    const create = (options: object) => () => createRegion(name, u32, options)
    expect(create({ exsting: 'join' })).toThrow(
      new TypeError('createRegion has no option "exsting". Did you mean "existing"?'),
    )
    expect(create({ access: 'read' })).toThrow(TypeError)
    expect(create({ existing: 'open' })).toThrow(/^existing must be "take-over", "join" or "refuse"/)
    expect(create({ mode: '0600' })).toThrow(TypeError)
    expect(create({ length: '8' })).toThrow(TypeError)
    expect(create({ checkLayout: 1 })).toThrow(TypeError)
    expect(() => SharedMemory.open(name)).toThrow(code('NOT_FOUND'))
  })

  it('refuses the memory of a stream', () => {
    const name = uniqueName('memlane')
    using _writer = createStream(name, u32)
    for (const layout of [Point, u32, u8, array(f64, 100)]) {
      expect(() => createRegion<AnyLayout>(name, layout)).toThrow(
        expect.objectContaining({ code: 'NOT_A_REGION', message: expect.stringContaining('is a stream') }),
      )
    }
  })

  it('refuses to take over memory of another layout, if asked to check', () => {
    const name = uniqueName('memlane')
    const first = createRegion(name, Point, { checkLayout: true, value: { x: 1, y: 2, label: 'a' } })
    using keeper = SharedMemory.open(name)
    first.close()
    const Other = struct('Point', { y: f64, x: f64, label: utf8(16) })
    expect(() => createRegion(name, Other, { checkLayout: true })).toThrow(code('SCHEMA_MISMATCH'))
    using second = createRegion(name, Point, { checkLayout: true })
    expect(second.view.x).toBe(1)
    expect(keeper.objectLength).toBeGreaterThanOrEqual(Point.length + 16)
  })

  it('shows itself in the console', () => {
    const name = uniqueName('memlane')
    const region = createRegion(name, u32, { value: 7 })
    const shown = () => inspect(region, { breakLength: Infinity })
    expect(shown()).toBe(`RegionWriter { name: '${name}', layout: 'u32', closed: false, value: 7 }`)
    region.close()
    expect(shown()).toBe(`RegionWriter { name: '${name}', layout: 'u32', closed: true }`)
  })

  it('creates nothing when the value does not fit', () => {
    const name = uniqueName('memlane')
    expect(() => createRegion(name, Point, { value: { x: 1, y: 1, label: 'x'.repeat(99) } })).toThrow(RangeError)
    expect(() => SharedMemory.open(name)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  it('writes only what it has checked, even if a getter changes', () => {
    const Counted = struct('Counted', { a: u8, t: utf8(8), seq: u32 }, { consistency: { sequence: 'seq' } })
    using region = createRegion(uniqueName('region'), Counted)
    const changing = () => {
      let reads = 0
      return {
        get a() {
          return reads++ === 0 ? 3 : 300
        },
        t: 'new',
      }
    }
    region.write(changing())
    expect(readSnapshot(Counted, region.memory.buffer)).toMatchObject({ a: 3, t: 'new' })
    // `assign` checks twice, so that its error has the path of the view: what has changed in between is refused.
    const bytes = new ArrayBuffer(Counted.length)
    const given = Object.assign(changing(), { seq: 0 })
    expect(() => Counted.assign(Counted.view(bytes), given)).toThrow('300 is not a u8')
    expect(new Uint8Array(bytes)).toEqual(new Uint8Array(Counted.length))
  })

  it('refuses a close by a getter of the value that it writes', () => {
    using region = createRegion(uniqueName('region'), struct('Getter', { a: u32, b: u32 }))
    const value = {
      get a() {
        region.close()
        return 1
      },
      b: 2,
    }
    expect(() => region.write(value)).toThrow(/close\(\) is not possible inside update\(\) or write\(\)/)
    region.write({ a: 3, b: 4 })
    expect(region.view.b).toBe(4)
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
