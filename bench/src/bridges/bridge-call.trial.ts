/**
 * Runs a part of one trial of the suite `bridge-call`.
 *
 *   bridge-call.trial.ts calls SECONDS RUNS  measures calls, and prints BridgeCallReports
 *   bridge-call.trial.ts deaths              kills processes, and prints DeathReports
 *   bridge-call.trial.ts server NAME URL     serves a local name, and answers requests of NATS
 *   bridge-call.trial.ts bridge CONFIG       is a bridge
 */

import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { serve } from '@memlane/consumer'
import { Bridge, parseConfig } from '@memlane/nats'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import {
  type BridgeCallReport,
  type DeathReport,
  REQUESTS,
  type RequestKind,
  VICTIMS,
  type Victim,
  WAYS,
  type Way,
} from './bridge-call-trial.js'
import { BridgeSetting } from './bridge-setting.js'
import { Echo, LENGTHS } from './echo.js'

const IN_FLIGHT = 64
const ORDER = { id: 123_456, symbol: 'ACME', bid: 10.25, ask: 10.5, venue: 'XNAS', time: 1_764_000_000_000 }

const [role, first = '', second = ''] = process.argv.slice(2)
if (role === 'calls') await measureCalls(Number(first), Number(second))
else if (role === 'deaths') await measureDeaths()
else if (role === 'server') await runServer(first, second)
else runBridge(first)

async function measureCalls(seconds: number, runs: number): Promise<void> {
  await using setting = await BridgeSetting.start(new URL(import.meta.url))
  const nats = await connect({ servers: setting.nats.url })
  const lines = (Object.keys(REQUESTS) as RequestKind[]).flatMap((request) =>
    WAYS.map((way) => ({ request, way, once: requester(request, way, setting, nats) })),
  )
  for (const { once } of lines) await callManyAtATime(once, seconds) // the warm-up
  const reports: BridgeCallReport[] = []
  for (let run = 0; run < runs; run++) {
    for (const { request, way, once } of lines) {
      const times = await callOneByOne(once, seconds)
      const rate = await callManyAtATime(once, seconds / 2)
      const mean = times.reduce((sum, each) => sum + each, 0) / times.length
      times.sort()
      reports.push({ request, way, p50: at(times, 0.5), mean, p99: at(times, 0.99), rate })
    }
  }
  await nats.close()
  console.log(JSON.stringify(reports))
}

function requester(
  request: RequestKind,
  way: Way,
  setting: BridgeSetting,
  nats: NatsConnection,
): () => Promise<unknown> {
  const size = REQUESTS[request]
  if (size === 'json') {
    if (way !== 'NATS request') return () => setting.json.json(ORDER)
    const subject = `${setting.subject}.plain-json`
    return async () => (await nats.request(subject, JSON.stringify(ORDER), { timeout: 10_000 })).json()
  }
  const sent = new Uint8Array(size).fill(7)
  if (way !== 'NATS request') return () => setting.bytes.bytes(sent)
  return async () => (await nats.request(`${setting.subject}.plain`, sent, { timeout: 10_000 })).data
}

/** Returns the times in ns. */
async function callOneByOne(once: () => Promise<unknown>, seconds: number): Promise<Float64Array> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  for (let start = performance.now(); start < end; ) {
    await once()
    const now = performance.now()
    times.push((now - start) * 1e6)
    start = now
  }
  return Float64Array.from(times)
}

async function callManyAtATime(once: () => Promise<unknown>, seconds: number): Promise<number> {
  let count = 0
  const start = performance.now()
  const end = start + seconds * 1000
  const callOnAndOn = async () => {
    for (; performance.now() < end; count++) await once()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, callOnAndOn))
  return count / ((performance.now() - start) / 1000)
}

function at(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

async function measureDeaths(): Promise<void> {
  await using setting = await BridgeSetting.start(new URL(import.meta.url))
  const reports: DeathReport[] = []
  for (const victim of VICTIMS) {
    await setting.json.json(0)
    const failed = failureOf(setting.json.never(0))
    await new Promise((resolve) => setTimeout(resolve, 1500)) // until it runs for sure
    const start = performance.now()
    await kill(victim, setting)
    const { code, taken } = await failed
    reports.push({ victim, code, taken, ms: performance.now() - start })
    if (victim === 'the server') setting.startServer()
    else if (victim === 'the bridge at its side') setting.startFar()
    else if (victim === "the client's bridge") {
      setting.bytes.close()
      setting.json.close()
      setting.startNear()
      await setting.connect()
    }
  }
  console.log(JSON.stringify(reports))
}

async function kill(victim: Victim, setting: BridgeSetting): Promise<void> {
  if (victim === 'NATS') return await setting.nats.kill()
  const children = { 'the server': setting.server, 'the bridge at its side': setting.far }
  const child = victim === "the client's bridge" ? setting.near : children[victim]
  child.kill('SIGKILL')
}

/** A remote error has `taken` in its data, an error of the local client as a property. */
async function failureOf(answer: Promise<unknown>): Promise<{ code: string; taken: boolean }> {
  try {
    await answer
  } catch (error) {
    const { code, taken, data } = error as { code: string; taken?: boolean; data?: { taken: boolean } }
    return { code, taken: taken ?? data?.taken ?? false }
  }
  throw new Error('the call was answered')
}

async function runServer(name: string, url: string): Promise<void> {
  process.on('disconnect', () => process.exit())
  const handlers = { bytes: (value: Uint8Array) => value, json: (value: unknown) => value }
  serve(name, Echo, { ...handlers, never: () => new Promise(() => {}) }, LENGTHS)
  const nats = await connect({ servers: url })
  nats.subscribe(`${name}.plain`, { callback: (_, message) => void message.respond(message.data) })
  nats.subscribe(`${name}.plain-json`, {
    callback: (_, message) => void message.respond(JSON.stringify(message.json())),
  })
  await once(process, 'disconnect')
}

function runBridge(config: string): void {
  process.on('disconnect', () => process.exit())
  new Bridge(parseConfig(JSON.parse(config)))
}
