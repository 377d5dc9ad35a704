import { expect, test } from 'vitest'
import { comparison } from '../src/comparison.js'
import { MESSAGES, ROUND_TRIP } from '../src/metrics.js'
import { currentEnvironment, type Result } from '../src/report.js'

const environment = currentEnvironment()

function result(min: number, median: number, max: number, given: Partial<Result> = {}): Result {
  return {
    ...{ suite: 'throughput', peer: 'memlane', variant: 'objects', payload: 32, metric: MESSAGES, unit: '1/s' },
    ...{ min, median, max, p50: null, p99: null, p999: null, runs: 3, environment },
    ...given,
  }
}
const time = { metric: ROUND_TRIP, unit: 'ns' }

const lines = (results: Result[], old: Result[]) =>
  comparison(results, old)
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))

test.each([
  ['rate', {}, [90, 100, 110], [200, 210, 220], '2.10', 'better'],
  ['rate', {}, [90, 100, 110], [40, 50, 60], '0.50', 'worse'],
  ['rate', {}, [90, 100, 110], [80, 95, 120], '0.95', ''],
  ['time', time, [90, 100, 110], [40, 50, 60], '2.00', 'better'],
  ['time', time, [90, 100, 110], [190, 200, 210], '0.50', 'worse'],
] as const)(
  'compares a %s (%j) of %j with a later one of %j: ratio %s, verdict "%s"',
  (_, given, [a, b, c], [d, e, f], ratio, verdict) => {
    const [[, , , , shownRatio, shownVerdict] = []] = lines([result(d, e, f, given)], [result(a, b, c, given)])
    expect([shownRatio, shownVerdict]).toEqual([ratio, verdict])
  },
)

test('a figure that only one side has is left out, and means are shown if both have one', () => {
  const old = [result(1, 2, 3, { ...time, mean: 5 })]
  expect(lines([result(1, 2, 3)], old)).toEqual([])
  expect(lines([result(1, 2, 3, { ...time, mean: 4 })], old)[0]?.slice(-3, -1)).toEqual(['5.00 ns', '4.00 ns'])
  expect(lines([result(1, 2, 3, time)], old)[0]?.slice(-3, -1)).toEqual(['5.00 ns', ''])
})
