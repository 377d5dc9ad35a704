/**
 * Runs one trial of the suite `accessors`, of one peer and one variant, in a process of its own. The loops get their memory as an
 * argument, like functions of real programs. V8 would optimise further if the memory were a constant of the module.
 *
 *   node --expose-gc --import tsx accessors.trial.ts PEER VARIANT ACCESS_COUNT
 */

import { performance } from 'node:perf_hooks'
import { SharedMemory } from '@memlane/core'
import { array, f32, f64, i64, struct, u8, u32 } from '@memlane/protocol'
import { watchGarbage } from '../roles/garbage.js'
import type { AccessorMeasurements, VARIANTS } from './accessor-variants.js'

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

const loops: Record<keyof typeof VARIANTS, { memlane: Loop<Accessor>; dataview: Loop<DataView> }> = {
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

/** Uses many other structs first: a program has several, and they share the code of the accessors. */
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
}

const [peer, variant, accessCount] = process.argv.slice(2) as ['memlane' | 'dataview', keyof typeof VARIANTS, string]
const count = Number(accessCount)
using memory = SharedMemory.create(`memlane-bench-${process.pid}`, 65_536)
crowd(memory.buffer)
const run =
  peer === 'memlane'
    ? loops[variant].memlane.bind(undefined, Sample.view(memory.buffer, BASE))
    : loops[variant].dataview.bind(undefined, new DataView(memory.buffer))

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
