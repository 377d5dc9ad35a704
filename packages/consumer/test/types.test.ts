import { createRegion, createStream, type KeyWriter, type RegionWriter, type StreamWriter } from '@memlane/producer'
import {
  type ArrayView,
  array,
  bytes,
  f64,
  payload,
  type ReadonlyArrayView,
  type ReadonlyBytesView,
  struct,
  type UnknownMessage,
  type UnknownSchema,
  u32,
  union,
} from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type KeyReader, openRegionSync, openStream, type RegionReader, type StreamReader } from '../src/index.js'

const Point = struct('Point', { x: f64, y: f64 })
const Sample = struct(
  'Sample',
  { seq: u32, raw: bytes(4), origin: Point, values: array(f64, 3) },
  { consistency: { sequence: 'seq' } },
)
const Event = union({ point: Point, note: payload.utf8, blob: payload.bytes, sample: Sample })

interface SampleValue {
  seq: number
  raw: Uint8Array
  origin: { x: number; y: number }
  values: number[]
}
interface ReadonlySample {
  readonly seq: number
  readonly raw: ReadonlyBytesView
  readonly origin: { readonly x: number; readonly y: number }
  readonly values: ReadonlyArrayView<number>
}

// What follows is only compiled.
const neverCalled = (run: () => unknown) => void run

describe('the types of a stream', () => {
  it('are plain for a struct: for its values, for a claim, and for the message that a handler gets', () => {
    type Writer = StreamWriter<typeof Sample>
    type Reader = StreamReader<typeof Sample>
    expectTypeOf<Parameters<Writer['trySend']>[0]>().toEqualTypeOf<SampleValue>()
    expectTypeOf<NonNullable<ReturnType<Writer['claim']>>>().toEqualTypeOf<{
      seq: number
      raw: Uint8Array
      readonly origin: { x: number; y: number }
      readonly values: ArrayView<number>
    }>()
    expectTypeOf<ReturnType<Reader['tryReceive']>>().toEqualTypeOf<SampleValue | undefined>()
    neverCalled(async () => {
      for await (const batch of ({} as Reader).batches()) expectTypeOf(batch).toEqualTypeOf<SampleValue[]>()
    })
    neverCalled(() => {
      const reader = {} as Reader
      reader.poll((message) => {
        expectTypeOf(message).toEqualTypeOf<ReadonlySample>()
        // @ts-expect-error a field of a message cannot be assigned
        message.seq = 1
        // @ts-expect-error nor one of a nested struct
        message.origin.x = 1
        // @ts-expect-error nor an element of an array
        message.values.set(0, 1)
        // @ts-expect-error nor a byte
        message.raw[0] = 1
      })
      // @ts-expect-error the view is invalid before the promise settles
      reader.poll(async () => {})
    })
  })

  it('tell the kinds of a union apart', () => {
    neverCalled(() => {
      const writer = createStream('events', Event)
      expectTypeOf(writer).toEqualTypeOf<StreamWriter<typeof Event>>()
      writer.trySend({ kind: 'note', value: 'text' })
      // @ts-expect-error a note is text
      writer.trySend({ kind: 'note', value: 5 })
      // @ts-expect-error there is no such kind
      writer.trySend({ kind: 'trade', value: 5 })
      // @ts-expect-error a point has no z
      writer.trySend({ kind: 'point', value: { x: 1, y: 2, z: 3 } })
      const claimed = writer.claimMember('point')
      expectTypeOf(claimed).toEqualTypeOf<{ x: number; y: number } | undefined>()
      const reader = {} as StreamReader<typeof Event>
      reader.poll((event) => {
        if (event.kind === 'sample') expectTypeOf(event.value).toEqualTypeOf<ReadonlySample>()
        if (event.kind === 'note') expectTypeOf(event.value).toEqualTypeOf<string>()
        if (event.kind === 'blob') expectTypeOf(event.value).toEqualTypeOf<ReadonlyBytesView>()
        // @ts-expect-error the kind of a message cannot be assigned
        event.kind = 'note'
      })
      const message = reader.tryReceive()
      if (message?.kind === 'blob') expectTypeOf(message.value).toEqualTypeOf<Uint8Array>()
    })
  })
})

describe('the types of a stream whose schema the program does not know', () => {
  it('admit any message, and leave its fields unknown', () => {
    neverCalled(async () => {
      using reader = await openStream('quotes', undefined, { timeoutMs: 5 })
      expectTypeOf(reader).toEqualTypeOf<StreamReader<UnknownSchema>>()
      expectTypeOf(await openStream('quotes')).toEqualTypeOf(reader)
      for await (const message of reader) {
        expectTypeOf(message).toEqualTypeOf<UnknownMessage>()
        // @ts-expect-error it may be text or a number
        message.price
        if (typeof message === 'object' && message !== null) expectTypeOf(message.price).toEqualTypeOf<unknown>()
      }
      reader.poll((message) => {
        expectTypeOf(message).toEqualTypeOf<UnknownMessage>()
        // @ts-expect-error a message in place is read-only
        if (typeof message === 'object' && message !== null) message.price = 1
      })
      // @ts-expect-error a producer needs a schema
      createStream('quotes')
    })
  })
})

describe('the types of a region', () => {
  it('have update and snapshot only for layouts with version words', () => {
    neverCalled(() => {
      const plain = createRegion('plain', Point)
      // @ts-expect-error there are no version words
      plain.update(() => {})
      // @ts-expect-error there are no version words
      openRegionSync('plain', Point).snapshot()
      const versioned = createRegion('versioned', Sample)
      versioned.update((sample) => {
        sample.origin.x = 1
        sample.raw = new Uint8Array(4)
        // @ts-expect-error update counts the version words
        sample.seq = 1
      })
      expectTypeOf(openRegionSync('versioned', Sample).snapshot()).toEqualTypeOf<SampleValue | undefined>()
    })
  })

  it('leave version words out of the value that is written', () => {
    neverCalled(() => {
      const region = {} as RegionWriter<typeof Sample>
      const { seq, ...content } = {} as SampleValue
      region.write(content)
      region.write({ ...content, seq })
      // @ts-expect-error values is missing
      region.write({ raw: content.raw, origin: content.origin })
      // @ts-expect-error there is no such field
      region.write({ ...content, extra: 1 })
    })
    expectTypeOf<Parameters<RegionWriter<typeof Point>['write']>[0]>().toEqualTypeOf<{ x: number; y: number }>()
  })

  it('give a writer a view to write, and a reader one that is read-only', () => {
    expectTypeOf<RegionWriter<typeof Point>['view']>().toEqualTypeOf<{ x: number; y: number }>()
    expectTypeOf<RegionReader<typeof Point>['view']>().toEqualTypeOf<{ readonly x: number; readonly y: number }>()
    expectTypeOf<RegionReader<typeof Sample>['view']>().toEqualTypeOf<ReadonlySample>()
    expectTypeOf<RegionReader<typeof u32>['view']>().toEqualTypeOf<{ readonly value: number }>()
  })
})

describe('the types of a key of a latest', () => {
  it('have nothing that only the latest itself may call', () => {
    type Reading = 'version' | 'age' | 'get' | 'read' | 'wait' | 'waitSync' | 'changes' | 'entry'
    expectTypeOf<keyof KeyReader<typeof u32>>().toEqualTypeOf<Reading>()
    type Writing = 'version' | 'maxMessageLength' | 'get' | 'set' | 'update' | 'fill'
    expectTypeOf<keyof KeyWriter<typeof u32>>().toEqualTypeOf<Writing>()
  })
})

describe('a handler of messages in place', () => {
  const handlers = (reader: StreamReader<typeof u32>, writer: StreamWriter<typeof u32>) => {
    const seen: number[] = []
    reader.poll((message) => seen.push(message.value))
    reader.poll((message) => {
      seen.push(message.value)
    })
    writer.fillBatch(3, (message, index) => {
      message.value = index
    })
    const handle: (message: { value: number }) => void = () => {}
    reader.poll(handle, 1)
    const untyped: (message: { value: number }) => ReturnType<typeof JSON.parse> = () => undefined
    reader.poll(untyped)
  }

  it('may return anything but a promise', async () => {
    using writer = createStream(uniqueName('stream'), u32, { capacity: 65_536 })
    using reader = await openStream(writer.name, u32)
    handlers(reader, writer)
    // @ts-expect-error: async
    reader.poll(async (message) => void message.value)
    // @ts-expect-error: returns a promise
    reader.poll((message) => Promise.resolve(message.value), 1)
    // @ts-expect-error: may return a promise
    reader.poll((message) => (message.value === 1 ? Promise.resolve() : 5))
    // @ts-expect-error: async
    writer.fillBatch(1, async (message) => void message)
    expect(reader.poll(() => {})).toBeLessThanOrEqual(4)
  })
})
