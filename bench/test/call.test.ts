import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { CallTrial } from '../src/calls/call-trial.js'
import { callerOf, echoOf } from '../src/calls/echo.js'
import { buildNativeProgram, nativeProgram } from '../src/peers/native-program.js'
import { currentEnvironment, type Result } from '../src/report.js'
import { Content } from '../src/roles/content.js'
import { messageObject } from '../src/roles/message-object.js'
import { CALL_METRICS } from '../src/suites/call-cases.js'
import { callTables, IN_BLOCKS, LINE } from '../src/suites/call-tables.js'
import { nodeCommand, runTrial, type TrialReport } from '../src/trial.js'

const hasCompiler = spawnSync(process.env.CXX ?? 'g++', ['--version']).status === 0
let count = 0

function runCalls(peer: string, way: string, work: CallTrial['work'], given: Partial<CallTrial> = {}) {
  const trial: CallTrial = {
    ...{ peer, way, work, clients: 1, inFlight: 1, payload: 32, warmUpSeconds: 0.05, seconds: 0.1, pauseMs: 0 },
    ...{ name: `memlane-bench-test-${process.pid}-${++count}`, ...given },
  }
  const command = nodeCommand('../src/calls/call.trial.ts', import.meta.url, ['hub', JSON.stringify(trial)])
  return runTrial<TrialReport>(command)
}

describe('a trial of calls', () => {
  it.each([
    ['memlane', 'in place, spin', 32],
    ['memlane', 'callSync, spin', 1024],
    ['memlane', 'await, adaptive', 65_536],
    ['child_process', 'await', 32],
  ])('times round trips of %s, %s, %s bytes', async (peer, way, payload) => {
    const { hub } = await runCalls(peer, way, 'round trips', { payload })
    expect(hub.messages).toBeGreaterThan(0)
    expect(hub.roundTrip?.p50).toBeGreaterThan(0)
  })

  it('counts the calls of two clients with many calls in flight', async () => {
    const { hub, spokes } = await runCalls('memlane', 'await, adaptive', 'calls', { clients: 2, inFlight: 64 })
    expect(hub.messages).toBeGreaterThan(0)
    expect(spokes[0]?.messages).toBeGreaterThan(0)
  })

  it('counts the parts of a streamed answer', async () => {
    const { hub } = await runCalls('memlane', 'await, adaptive', 'parts')
    expect(hub.messages).toBeGreaterThan(0)
  })

  it.runIf(hasCompiler)('times round trips in C++', async () => {
    await buildNativeProgram('call')
    const { hub } = await runTrial<TrialReport>([nativeProgram('call'), 'warmUpSeconds=0.05', 'seconds=0.1'])
    expect(hub.roundTrip?.p50).toBeGreaterThan(0)
  })
})

describe('the client of a trial of calls', () => {
  const content = new Content(64)
  const echo = echoOf(content, 'bytes')

  it('takes the answer to its own call', async () => {
    await callerOf(content, 'bytes', async (request) => echo(request))(7)
  })

  it('refuses the answer to another call', async () => {
    const call = callerOf(content, 'bytes', async () => messageObject(content, 8, 'bytes'))
    await expect(call(7)).rejects.toThrow('answer 8 came to call 7')
  })

  it('refuses an answer with a wrong byte', async () => {
    const call = callerOf(content, 'bytes', async (request) => {
      const answer = echo(request)
      ;(answer.body as Uint8Array)[31] = 0
      return answer
    })
    await expect(call(7)).rejects.toThrow('message 7 is torn')
  })
})

it('compares round trips of spinning processes with a cache line of the same state', () => {
  const result = (peer: string, variant: string, metric: string, median: number): Result => ({
    ...{ suite: 'call', peer, variant, payload: 32, metric, unit: 'ns', median, min: median, max: median },
    ...{ p50: median, p99: median, p999: median, runs: 1, environment: currentEnvironment() },
  })
  const lines = [
    [LINE, 'near', 100, 80],
    [LINE, 'far', 400, 350],
    ['in place, spin', 'near', 250, 240],
    ['in place, spin', 'far', 1000, 700],
  ] as const
  const table = callTables(
    lines.flatMap(([way, state, single, block]) => [
      result('C++', `${way} (${state})`, CALL_METRICS.spinning, single),
      result('C++', `${way} (${state})`, IN_BLOCKS, block),
    ]),
  )
  const ratiosOf = (way: string) => {
    const row = table
      .split('\n')
      .find((line) => line.includes(`${way} `))
      ?.split('|')
      .map((cell) => cell.trim())
    return [row?.[5], row?.[9]]
  }
  expect(ratiosOf('in place, spin (near)')).toEqual(['2.50', '3.00'])
  expect(ratiosOf('in place, spin (far)')).toEqual(['2.50', '2.00'])
})
