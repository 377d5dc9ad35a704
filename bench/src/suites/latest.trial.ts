/**
 * Runs one trial of the suite `latest` in a process of its own, and prints its report. With `contended`, it starts a second process,
 * which sets values at full rate.
 *
 *   node --import tsx latest.trial.ts PEER PAYLOAD WORK SECONDS [NAME]
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { openLatest } from '@memlane/consumer'
import { createLatest, createRegion } from '@memlane/producer'
import { bytes, f64, type MessageView, type ReadonlyMessageView, struct } from '@memlane/protocol'

const [, , peer = '', payloadText, work = '', secondsText, name = `memlane-latest-trial-${process.pid}`] = process.argv
const [payload, seconds] = [Number(payloadText), Number(secondsText)]

const Small = struct('Small', { a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64 })
const Large = struct('Large', { body: bytes(payload) })

const sum = ({ a, b, c, d, e, f, g, h }: ReadonlyMessageView<typeof Small>) => a + b + c + d + e + f + g + h
const put = (value: MessageView<typeof Small>) => {
  value.a = 1.5
  value.b = 2.5
  value.c = 3.5
  value.d = 4.5
  value.e = 5.5
  value.f = 6.5
  value.g = 7.5
  value.h = 8.5
}
const large = { body: new Uint8Array(payload).fill(7) }

let sink = 0

/** Each function makes 1000 accesses. The loop is a function of its own, as in real programs. */
async function prepare(): Promise<() => void> {
  if (peer === 'accessors') return prepareAccessors()
  if (work === 'write') return prepareWrites()
  if (work === 'get') return prepareGets()
  return payload === 64 ? prepareReads() : prepareCopies()
}

function prepareAccessors(): () => void {
  const { view } = createRegion(name, Small)
  put(view)
  const read = () => {
    for (let i = 0; i < 1000; i++) sink += sum(view)
  }
  const write = () => {
    for (let i = 0; i < 1000; i++) put(view)
  }
  return work === 'write' ? write : read
}

function prepareWrites(): () => void {
  if (payload === 64) {
    const writer = createLatest(name, Small)
    return () => {
      for (let i = 0; i < 1000; i++) writer.fill(put)
    }
  }
  const writer = createLatest(name, Large)
  return () => {
    for (let i = 0; i < 1000; i++) writer.set(large)
  }
}

async function prepareReads(): Promise<() => void> {
  if (work === 'idle') createLatest(name, Small).fill(put)
  const reader = await openLatest(name, Small)
  return () => {
    for (let i = 0; i < 1000; i++) sink += reader.read(sum) as number
  }
}

async function prepareCopies(): Promise<() => void> {
  if (work === 'idle') createLatest(name, Large).set(large)
  const reader = await openLatest(name, Large)
  const own = new Uint8Array(payload)
  const copy = ({ body }: ReadonlyMessageView<typeof Large>) => {
    body.copyTo(own)
    return own[0]
  }
  return () => {
    for (let i = 0; i < 1000; i++) sink += reader.read(copy) as number
  }
}

async function prepareGets(): Promise<() => void> {
  if (payload === 64) {
    createLatest(name, Small).fill(put)
    const reader = await openLatest(name, Small)
    return () => {
      for (let i = 0; i < 1000; i++) sink += reader.get()?.h as number
    }
  }
  createLatest(name, Large).set(large)
  const reader = await openLatest(name, Large)
  return () => {
    for (let i = 0; i < 1000; i++) sink += reader.get()?.body[0] as number
  }
}

function run(limit: number, repeat: () => void): { messages: number; seconds: number } {
  const start = performance.now()
  let messages = 0
  do {
    repeat()
    messages += 1000
  } while (performance.now() - start < limit * 1000)
  return { messages, seconds: (performance.now() - start) / 1000 }
}

if (work === 'background') {
  const repeat = prepareWrites()
  repeat()
  console.log('writing')
  const reader = process.ppid
  while (process.ppid === reader) run(1, repeat) // not longer than the reader lives
  process.exit(0)
}
let writer: ReturnType<typeof spawn> | undefined
if (work === 'contended') {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), peer, `${payload}`, 'background', '1', name]
  writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (writer.stdout !== null) await once(writer.stdout, 'data')
}
const repeat = await prepare()
run(seconds / 2, repeat)
const report = run(seconds, repeat)
writer?.kill('SIGKILL')
console.log(JSON.stringify({ hub: { ...report, processorNs: 0 }, spokes: [], sink: Number.isNaN(sink) }))
process.exit(0)
