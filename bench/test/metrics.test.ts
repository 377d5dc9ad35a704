import { describe, expect, test } from 'vitest'
import {
  CHECKED,
  IDLE_HUB,
  IDLE_SPOKE,
  MEAN_ROUND_TRIP,
  MESSAGES,
  measurementsOf,
  PROCESSOR_TIME,
  ROUND_TRIP,
} from '../src/metrics.js'
import { alike, betweenProbes } from '../src/probe.js'
import { summarize } from '../src/report.js'
import type { RoleReport, Trial, Workload } from '../src/trial.js'

function trial(workload: Workload, messages = 0): Trial {
  const usual = { spokes: 1, payload: 32, capacity: 4096, warmUpSeconds: 0, seconds: 1, pauseMs: 0 }
  return { peer: 'a peer', variant: 'its variant', workload, messages, ...usual }
}

const role = (messages: number, seconds: number, processorNs: number): RoleReport => ({
  messages,
  seconds,
  processorNs,
})
const figures = (of: Trial, hub: RoleReport, spokes: RoleReport[]) =>
  Object.fromEntries(measurementsOf(of, { hub, spokes }).map(({ metric, value }) => [metric, value]))

test('the median of an even number of values lies between the middle two', () => {
  expect(summarize([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, runs: 4 })
  expect(summarize([])).toEqual({ median: null, min: null, max: null, runs: 0 })
})

describe('the figures of a trial', () => {
  test('fan-out counts each message once for each consumer', () => {
    const hub = role(100, 1, 4000)
    const spokes = [role(100, 1, 1000), role(100, 2, 3000)]
    expect(figures(trial('fan-out'), hub, spokes)).toEqual({ [MESSAGES]: 150, [PROCESSOR_TIME]: 40 })
  })

  test('fan-in counts the messages that the hub received', () => {
    const hub = role(200, 2, 4000)
    const spokes = [role(100, 2, 1000), role(100, 2, 3000)]
    expect(figures(trial('fan-in'), hub, spokes)).toEqual({ [MESSAGES]: 100, [PROCESSOR_TIME]: 40 })
  })

  test('a peer without spokes receives its own messages', () => {
    expect(figures(trial('throughput'), role(100, 2, 1000), [])).toEqual({ [MESSAGES]: 50, [PROCESSOR_TIME]: 10 })
  })

  test('a trial of a fixed number of messages tells how many were checked', () => {
    const report = role(100, 1, 0)
    expect(figures(trial('endurance', 100), report, [report])).toMatchObject({ [CHECKED]: 100 })
  })

  test('a round trip has a mean, percentiles, and the CPU time of both sides', () => {
    const hub = { ...role(100, 1, 4000), roundTrip: { block: 5, mean: 9, p50: 6, p99: 7, p999: 8 } }
    expect(measurementsOf(trial('event-loop'), { hub, spokes: [role(100, 1, 2000)] })).toEqual([
      { metric: ROUND_TRIP, unit: 'ns', value: 6, mean: 9, p50: 6, p99: 7, p999: 8 },
      { metric: 'round trip, clock read once in 64', unit: 'ns', value: 5 },
      { metric: 'CPU time of both sides per round trip', unit: 'ns', value: 60 },
    ])
  })

  test('a disturbed conversation shows its mean first, and what else its spoke did', () => {
    const hub = { ...role(100, 1, 4000), roundTrip: { block: 5, mean: 9, p50: 6, p99: 7, p999: 8 } }
    const spoke = { ...role(100, 2, 2000), httpRequests: 30 }
    expect(measurementsOf(trial('contended'), { hub, spokes: [spoke] })).toEqual([
      { metric: MEAN_ROUND_TRIP, unit: 'ns', value: 9, mean: 9, p50: 6, p99: 7, p999: 8 },
      { metric: 'CPU time of both sides per round trip', unit: 'ns', value: 60 },
      { metric: 'HTTP requests served in the meantime', unit: '1/s', value: 15 },
    ])
  })

  test('a worker has no idle time of its own: its CPU time is part of the hub', () => {
    const hub = role(0, 2, 4e6)
    expect(figures(trial('idle'), hub, [role(0, 2, 6e6)])).toEqual({ [IDLE_HUB]: 2, [IDLE_SPOKE]: 3 })
    expect(figures(trial('idle'), hub, [role(0, 2, 0)])).toEqual({ [IDLE_HUB]: 2 })
  })
})

describe('a trial between probes', () => {
  const looking = (...probes: number[]) => {
    let runs = 0
    const run = async () => ++runs
    const look = async () => probes.shift() ?? Number.NaN
    return betweenProbes(run, look)
  }

  test('counts if the probes agree', async () => {
    expect(await looking(80, 120)).toEqual({ value: 1, probes: [80, 120], steady: true })
  })

  test('runs again while the probes disagree', async () => {
    expect(await looking(80, 300, 300, 310)).toEqual({ value: 2, probes: [300, 310], steady: true })
  })

  test('is marked if the probes never agree', async () => {
    expect(await looking(80, 300, 80, 300, 80, 300)).toEqual({ value: 3, probes: [80, 300], steady: false })
  })
})

describe('the runs of a table', () => {
  const run = (value: string, first: number, second = first, steady = true) =>
    ({ value, probes: [first, second], steady }) as const
  const values = (...lines: Parameters<typeof alike<string>>[0]) =>
    alike(lines).map((runs) => runs.map(({ value }) => value))

  test('all count if their probes are alike', () => {
    expect(values([run('a', 400), run('b', 430, 450)], [run('c', 420)])).toEqual([['a', 'b'], ['c']])
  })

  test('count in the range of probes with most lines, then with most runs', () => {
    const moved = [run('a', 110), run('b', 120), run('c', 430)]
    expect(values(moved, [run('d', 440)])).toEqual([['c'], ['d']])
    expect(values(moved, [run('d', 100), run('e', 440)])).toEqual([['a', 'b'], ['d']])
  })

  test('do not count if they were disturbed, unless a line has no others', () => {
    expect(values([run('a', 400), run('b', 400, 900, false)], [run('c', 400, 900, false)])).toEqual([['a'], ['c']])
    expect(values([], [run('a', 400, 900, false)])).toEqual([[], ['a']])
  })
})
