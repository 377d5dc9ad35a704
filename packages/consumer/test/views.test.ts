import { inspect } from 'node:util'
import { createRegion, createStream } from '@memlane/producer'
import { array, bytes, f64, payload, struct, u32, union, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRegionSync, openStream } from '../src/index.js'

const Point = struct('Point', { x: f64, y: f64 })
const Sample = struct('Sample', {
  seq: u32,
  label: utf8(8),
  raw: bytes(4),
  origin: Point,
  values: array(f64, 3),
  points: array(Point, 2),
})
const sample = {
  seq: 1,
  label: 'one',
  raw: Uint8Array.of(1, 2, 3, 4),
  origin: { x: 1, y: 2 },
  values: [1, 2, 3],
  points: [
    { x: 1, y: 2 },
    { x: 3, y: 4 },
  ],
}
const Event = union({ sample: Sample, blob: payload.bytes })
const SMALL = { capacity: 65_536 }

/** Assigns as a script in sloppy mode does. */
const assign = new Function('target', 'name', 'value', 'target[name] = value')

// biome-ignore lint/suspicious/noExplicitAny: JavaScript has no types that refuse to assign
function refuseEachAssignment(view: any): void {
  const assignments: (() => void)[] = [
    () => assign(view, 'seq', 2),
    () => assign(view, 'label', 'two'),
    () => assign(view.origin, 'x', 9),
    () => assign(view.points.get(1), 'y', 9),
    () => view.values.set(0, 9),
    () => view.values.set(Float64Array.of(9)),
    () => view.values.assign([9, 9, 9]),
    () => view.points.set(0, { x: 9, y: 9 }),
  ]
  for (const assignment of assignments) expect(assignment).toThrow(TypeError)
  expect(() => Reflect.set(view, 'raw', Uint8Array.of(9, 9, 9, 9)) || assignedNothing()).toThrow(TypeError)
}

const assignedNothing = () => {
  throw new TypeError('there is no setter')
}

// The memory below is mapped read-only: where an assignment was not refused, it would end this process by SIGSEGV.
describe('a view of memory that is mapped read-only', () => {
  it('refuses each assignment with a TypeError, in a region', () => {
    using writer = createRegion(uniqueName('memlane'), Sample, { value: sample })
    using reader = openRegionSync(writer.memory.name, Sample)
    expect(reader.memory.access).toBe('read')
    refuseEachAssignment(reader.view)
    expect(Reflect.set(reader.view.raw, 0, 9)).toBe(false) // in strict mode, assigning is a TypeError
    expect(writer.view.raw[0]).toBe(1)
    expect(reader.read()).toEqual(sample)
  })

  it('refuses each assignment with a TypeError, in a stream, of a struct and of a union', async () => {
    using writer = createStream(uniqueName('stream'), Event, SMALL)
    using reader = await openStream(writer.name, Event)
    using samples = createStream(uniqueName('stream'), Sample, SMALL)
    using sampleReader = await openStream(samples.name, Sample)
    writer.trySend({ kind: 'sample', value: sample })
    samples.trySend(sample)
    let handled = 0
    reader.poll((event) => {
      for (const name of ['kind', 'value']) expect(() => assign(event, name, undefined)).toThrow(TypeError)
      if (event.kind === 'sample') refuseEachAssignment(event.value)
      handled++
    })
    sampleReader.poll((view) => {
      refuseEachAssignment(view)
      handled++
    })
    expect(handled).toBe(2)
  })

  it('shows bytes of any length without a way to write them', async () => {
    using writer = createStream(uniqueName('stream'), payload.bytes, SMALL)
    using reader = await openStream(writer.name, payload.bytes)
    writer.trySendBatch([Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)])
    const seen: number[][] = []
    const views = new Set<object>()
    reader.poll((view) => {
      seen.push([view.length, ...view])
      views.add(view)
    })
    expect(seen).toEqual([[2, 1, 2], [0], [1, 3]])
    expect(views.size).toBe(1) // nothing is allocated for each message
  })
})

describe('views show their values', () => {
  it('of a region, and of a message', async () => {
    using region = createRegion(uniqueName('memlane'), Sample, { value: sample })
    using writer = createStream(uniqueName('stream'), Sample, SMALL)
    using reader = await openStream(writer.name, Sample)
    const shown = [region.view, openRegionSync(region.memory.name, Sample).view].map((view) => inspect(view))
    const claimed = writer.claim()
    if (claimed !== undefined) Sample.assign(claimed, sample)
    shown.push(inspect(claimed))
    writer.commit()
    reader.poll((view) => {
      shown.push(inspect(view))
      expect({ ...view.origin }).toEqual(sample.origin)
      expect(JSON.parse(JSON.stringify(view)).points).toEqual(sample.points)
    })
    expect(shown).toEqual(Array(4).fill(`Sample ${inspect(sample)}`))
  })
})

describe('a closed view says that it is closed', () => {
  const closed = (what: RegExp) => expect.objectContaining({ code: 'CLOSED', message: expect.stringMatching(what) })

  it('of a region', () => {
    const writer = createRegion(uniqueName('memlane'), Sample, { value: sample })
    const reader = openRegionSync(writer.memory.name, Sample)
    const { origin, points } = reader.view
    const point = points.get(0)
    reader.close()
    writer.close()
    const says = closed(/is closed/)
    for (const use of [
      () => reader.view.seq,
      () => origin.x,
      () => point.x,
      () => points.get(1),
      () => writer.view.seq,
    ])
      expect(use).toThrow(says)
    expect(() => {
      writer.view.seq = 1
    }).toThrow(says)
    expect(() => writer.write(sample)).toThrow(says)
    expect(inspect(reader.view)).toMatch(/^Sample \[Region ".*": this reader is closed.\]$/)
  })

  it('of a stream, also inside the handler that closes the consumer', async () => {
    const writer = createStream(uniqueName('stream'), Sample, SMALL)
    const reader = await openStream(writer.name, Sample)
    const claimed = writer.claim() as { seq: number }
    claimed.seq = 5
    writer.commit()
    writer.claim()
    let handled = 0
    reader.poll((view) => {
      expect(view.seq).toBe(5)
      reader.close()
      expect(() => view.seq).toThrow(closed(/this consumer is closed/))
      handled++
    })
    expect(handled).toBe(1)
    writer.close()
    expect(() => {
      claimed.seq = 6
    }).toThrow(closed(/this producer is closed/))
  })
})

describe('with MEMLANE_DEBUG=views, a view that outlives its callback throws', () => {
  let before: string | undefined
  beforeEach(() => {
    before = process.env.MEMLANE_DEBUG
    process.env.MEMLANE_DEBUG = 'views'
  })
  afterEach(() => {
    if (before === undefined) delete process.env.MEMLANE_DEBUG
    else process.env.MEMLANE_DEBUG = before
  })
  const invalid = /was used after it had become invalid.*Copy the data to keep it/

  for (const [what, options] of [
    ['a stream', SMALL],
    ['a stream that overwrites', { ...SMALL, overflow: 'overwrite' }],
  ] as const) {
    it(`of ${what}: after the handler of poll, each message's own`, async () => {
      using writer = createStream(uniqueName('stream'), Event, options)
      using reader = await openStream(writer.name, Event)
      const uses: (() => unknown)[] = []
      for (let round = 0; round < 2; round++) {
        writer.trySend({ kind: 'sample', value: { ...sample, seq: round } })
        writer.trySend({ kind: 'blob', value: Uint8Array.of(round) })
        reader.poll((event) => {
          uses.push(() => event.kind)
          if (event.kind === 'sample') {
            const { value } = event
            const { origin } = value
            uses.push(
              () => value.seq,
              () => origin.x,
            )
            expect(value.seq).toBe(round)
          } else {
            const { value } = event
            uses.push(() => value.get(0))
            expect([...value]).toEqual([round])
          }
        })
        expect(uses.length).toBe(5 * (round + 1))
        for (const use of uses) expect(use).toThrow(invalid)
      }
    })
  }

  it('also where the handler throws', async () => {
    using writer = createStream(uniqueName('stream'), Sample, SMALL)
    using reader = await openStream(writer.name, Sample)
    writer.trySend(sample)
    let kept: { readonly seq: number } | undefined
    expect(() =>
      reader.poll((view) => {
        kept = view
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(() => kept?.seq).toThrow(invalid)
  })

  it('of a producer: after commit, abort and the callback of fillBatch', async () => {
    using writer = createStream(uniqueName('stream'), Sample, SMALL)
    using events = createStream(uniqueName('stream'), Event, SMALL)
    using reader = await openStream(writer.name, Sample)
    const set = (view: { seq: number } | undefined) => () => {
      ;(view as { seq: number }).seq = 9
    }
    const committed = writer.claim()
    set(committed)()
    writer.commit()
    expect(set(committed)).toThrow(invalid)
    const aborted = writer.claim()
    set(aborted)()
    writer.abort()
    expect(set(aborted)).toThrow(invalid)
    const member = events.claimMember('sample')
    set(member)()
    events.commit()
    expect(set(member)).toThrow(invalid)
    const filled: { seq: number }[] = []
    writer.fillBatch(2, (view) => {
      view.seq = filled.length
      filled.push(view)
    })
    for (const view of filled) expect(set(view)).toThrow(invalid)
    const received: number[] = []
    reader.poll((view) => void received.push(view.seq))
    expect(received).toEqual([9, 0, 1])
  })

  it('of a region: after the callback of update', () => {
    const Versioned = struct('Versioned', { seq: u32, x: f64 }, { consistency: { sequence: 'seq' } })
    using region = createRegion(uniqueName('memlane'), Versioned, { value: { x: 0 } })
    let kept: { x: number } | undefined
    region.update((view) => {
      kept = view
      view.x = 1
    })
    expect(() => kept?.x).toThrow(invalid)
    expect(region.view.x).toBe(1)
  })
})
