/**
 * Runs one trial of the suite `accessors`, of one peer and one variant, in a process of its own. The loops get their memory as an
 * argument, like functions of real programs. V8 would optimise further if the memory were a constant of the module.
 *
 *   node --expose-gc --import tsx accessors.trial.ts PEER VARIANT ACCESS_COUNT
 */

import { performance } from 'node:perf_hooks'
import { SharedMemory } from '@memlane/core'
import { type AnyCodec, array, f32, f64, i64, struct, u8, u32 } from '@memlane/protocol'
import { codecOf, projectCodec } from '@memlane/protocol/internal'
import { watchGarbage } from '../roles/garbage.js'
import type { AccessorMeasurements, FieldVariant, OBJECT_VARIANTS, VARIANTS } from './accessor-variants.js'

const declare = () =>
  struct('Sample', {
    f64,
    u32,
    u8,
    i64,
    nested: struct('Nested', { before: u32, f64 }),
    array: array(f32, 4),
  })
const Sample = declare()
const BASE = 64

type Accessor = ReturnType<typeof Sample.view>
type Loop<T> = (memory: T, count: number) => number | bigint

const BIGINTS = [-1n, 0x1234_5678_9abcn] as const
const { fields } = Sample
const F64_OFFSET = BASE + fields.f64.offset
const U32_OFFSET = BASE + fields.u32.offset
const U8_OFFSET = BASE + fields.u8.offset
const I64_OFFSET = BASE + fields.i64.offset
const NESTED_OFFSET = BASE + fields.nested.offset + fields.nested.layout.fields.f64.offset
const ARRAY_OFFSET = BASE + fields.array.offset

const fieldLoops: Record<FieldVariant, { memlane: Loop<Accessor>; dataview: Loop<DataView> }> = {
  'read f64': {
    memlane(sample, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum += sample.f64
      return sum
    },
    dataview(data, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum += data.getFloat64(F64_OFFSET, true)
      return sum
    },
  },
  'write f64': {
    memlane(sample, count) {
      for (let i = 0; i < count; i++) sample.f64 = i
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) data.setFloat64(F64_OFFSET, i, true)
      return 0
    },
  },
  'read u32': {
    memlane(sample, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum = (sum + sample.u32) | 0
      return sum
    },
    dataview(data, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum = (sum + data.getUint32(U32_OFFSET, true)) | 0
      return sum
    },
  },
  'write u32': {
    memlane(sample, count) {
      for (let i = 0; i < count; i++) sample.u32 = i
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) data.setUint32(U32_OFFSET, i, true)
      return 0
    },
  },
  'read u8': {
    memlane(sample, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum = (sum + sample.u8) | 0
      return sum
    },
    dataview(data, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum = (sum + data.getUint8(U8_OFFSET)) | 0
      return sum
    },
  },
  'write u8': {
    memlane(sample, count) {
      for (let i = 0; i < count; i++) sample.u8 = i & 0xff
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) data.setUint8(U8_OFFSET, i & 0xff)
      return 0
    },
  },
  'read i64': {
    memlane(sample, count) {
      let sum = 0n
      for (let i = 0; i < count; i++) sum = sample.i64
      return sum
    },
    dataview(data, count) {
      let sum = 0n
      for (let i = 0; i < count; i++) sum = data.getBigInt64(I64_OFFSET, true)
      return sum
    },
  },
  'write i64': {
    memlane(sample, count) {
      for (let i = 0; i < count; i++) sample.i64 = BIGINTS[i & 1] as bigint
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) data.setBigInt64(I64_OFFSET, BIGINTS[i & 1] as bigint, true)
      return 0
    },
  },
  'read nested f64': {
    memlane(sample, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum += sample.nested.f64
      return sum
    },
    dataview(data, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum += data.getFloat64(NESTED_OFFSET, true)
      return sum
    },
  },
  'write nested f64': {
    memlane(sample, count) {
      for (let i = 0; i < count; i++) sample.nested.f64 = i
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) data.setFloat64(NESTED_OFFSET, i, true)
      return 0
    },
  },
  'read array element f32': {
    memlane(sample, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum += sample.array.get(i & 3)
      return sum
    },
    dataview(data, count) {
      let sum = 0
      for (let i = 0; i < count; i++) sum += data.getFloat32(ARRAY_OFFSET + 4 * (i & 3), true)
      return sum
    },
  },
  'write array element f32': {
    memlane(sample, count) {
      for (let i = 0; i < count; i++) sample.array.set(i & 3, i)
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) data.setFloat32(ARRAY_OFFSET + 4 * (i & 3), i, true)
      return 0
    },
  },
}

const Quote = struct('Quote', { bid: f64, ask: f64, time: f64, sequence: u32, size: u32 })
const quotes = Array.from({ length: 64 }, (_, i) => ({
  ...{ bid: i + 0.25, ask: i + 0.5, time: 1.7e9 + i, sequence: i, size: 100 * i },
}))

/** The same with more fields, in another order, and a reader of `Quote` for it. */
const Grown = struct('Quote', { sequence: u32, ask: f64, last: f64, size: u32, bid: f64, venue: u32, time: f64 })
const projected = projectCodec(Grown.descriptor, codecOf(Quote)) as AnyCodec
const GROWN = {
  bid: BASE + Grown.fields.bid.offset,
  ask: BASE + Grown.fields.ask.offset,
  time: BASE + Grown.fields.time.offset,
  sequence: BASE + Grown.fields.sequence.offset,
  size: BASE + Grown.fields.size.offset,
} as const

/** Here, `dataview` is written by hand for this one struct, and checks nothing. */
const objectLoops: Record<(typeof OBJECT_VARIANTS)[number], { memlane: Loop<DataView>; dataview: Loop<DataView> }> = {
  'read object': {
    memlane(data, count) {
      for (let i = 0; i < count; i++) quotes[i & 63] = Quote.read(data, BASE)
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) {
        quotes[i & 63] = {
          bid: data.getFloat64(BASE, true),
          ask: data.getFloat64(BASE + 8, true),
          time: data.getFloat64(BASE + 16, true),
          sequence: data.getUint32(BASE + 24, true),
          size: data.getUint32(BASE + 28, true),
        }
      }
      return 0
    },
  },
  'write object': {
    memlane(data, count) {
      for (let i = 0; i < count; i++) Quote.write(data, BASE, quotes[i & 63] as (typeof quotes)[number])
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) {
        const { bid, ask, time, sequence, size } = quotes[i & 63] as (typeof quotes)[number]
        data.setFloat64(BASE, bid, true)
        data.setFloat64(BASE + 8, ask, true)
        data.setFloat64(BASE + 16, time, true)
        data.setUint32(BASE + 24, sequence, true)
        data.setUint32(BASE + 28, size, true)
      }
      return 0
    },
  },
  'read object, projected': {
    memlane(data, count) {
      for (let i = 0; i < count; i++) quotes[i & 63] = projected.decode(data, BASE, Grown.length)
      return 0
    },
    dataview(data, count) {
      for (let i = 0; i < count; i++) {
        quotes[i & 63] = {
          bid: data.getFloat64(GROWN.bid, true),
          ask: data.getFloat64(GROWN.ask, true),
          time: data.getFloat64(GROWN.time, true),
          sequence: data.getUint32(GROWN.sequence, true),
          size: data.getUint32(GROWN.size, true),
        }
      }
      return 0
    },
  },
}

/** Uses many other structs first: a program has several, and they share code. */
function crowd(buffer: ArrayBuffer): void {
  const samples = Array.from({ length: 12 }, () => declare().view(buffer))
  for (let round = 0; round < 20_000; round++) {
    for (const sample of samples) {
      sample.f64 = sample.nested.f64 + 1
      sample.u32 = sample.u8
      sample.u8 = round & 0xff
      sample.i64 = sample.i64 === 0n ? 1n : 0n
      sample.nested.f64 = round
      sample.array.set(round & 3, sample.array.get(0))
    }
  }
  const data = new DataView(buffer)
  for (let i = 0; i < 12; i++) {
    const Other = struct('Other', { [`a${i}`]: u32, [`b${i}`]: f64, [`c${i}`]: u32, [`d${i}`]: u8, [`e${i}`]: f64 })
    for (let round = 0; round < 20_000; round++) Other.write(data, 0, Other.read(data, 0))
  }
}

type Peer = 'memlane' | 'closures' | 'dataview'
const [peer, variant, accessCount] = process.argv.slice(2) as [Peer, keyof typeof VARIANTS, string]
const count = Number(accessCount)
using memory = SharedMemory.create(`memlane-bench-${process.pid}`, 65_536)
crowd(memory.buffer)

function loopOf(): (count: number) => number | bigint {
  const data = new DataView(memory.buffer)
  if (variant in objectLoops) {
    const { memlane, dataview } = objectLoops[variant as keyof typeof objectLoops]
    return (peer === 'dataview' ? dataview : memlane).bind(undefined, data)
  }
  const { memlane, dataview } = fieldLoops[variant as FieldVariant]
  return peer === 'dataview'
    ? dataview.bind(undefined, data)
    : memlane.bind(undefined, Sample.view(memory.buffer, BASE))
}
const run = loopOf()

run(count / 10)
run(count / 10)
const times: number[] = []
for (let sample = 0; sample < 3; sample++) {
  const start = performance.now()
  run(count)
  times.push(performance.now() - start)
}

const garbageSince = await watchGarbage()
run(count)

const measurements: AccessorMeasurements = { ns: (Math.min(...times) * 1e6) / count, ...(await garbageSince()) }
console.log(JSON.stringify(measurements))
