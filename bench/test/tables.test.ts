import { SaxesParser } from 'saxes'
import { describe, expect, test } from 'vitest'
import { chart } from '../src/chart.js'
import { MESSAGES, ROUND_TRIP } from '../src/metrics.js'
import { currentEnvironment, type Result } from '../src/report.js'
import { caseTables, format, NOT_MEASURED, peerTables, speed } from '../src/tables.js'

const environment = currentEnvironment()

function result(peer: string, median: number, given: Partial<Result> = {}): Result {
  return {
    ...{ suite: 'throughput', peer, variant: 'plain', payload: 32, metric: MESSAGES, unit: '1/s', median },
    ...{ min: median / 2, max: median * 2, p50: null, p99: null, p999: null, runs: 5, environment },
    ...given,
  }
}

const cells = (table: string, line: string) =>
  table
    .split('\n')
    .find((each) => each.startsWith(`| ${line}`))
    ?.split('|')
    .map((cell) => cell.trim())
    .slice(1, -1)

test.each([
  [12_345_678, '1/s', '12.3 M/s'],
  [999, 'ns', '999 ns'],
  [1234, 'ns', '1.23 µs'],
  [0.5, 'ms/s', '0.500 ms/s'],
  [0, 'bytes', '0.000 B'],
  [1_000_000_000, 'count', '1,000,000,000'],
  [null, 'ns', ''],
])('%s %s is written as %s', (value, unit, text) => {
  expect(format(value, unit)).toBe(text)
})

test('speed grows with messages and shrinks with time', () => {
  expect(speed(result('a', 30), result('b', 10))).toBe(3)
  const time = { metric: ROUND_TRIP, unit: 'ns' }
  expect(speed(result('a', 30, time), result('b', 90, time))).toBe(3)
  expect(speed(result('a', 30), result('b', 90, time))).toBeUndefined()
  expect(speed(result('a', 30), undefined)).toBeUndefined()
})

describe('a table for each case', () => {
  const reference = { peer: 'floor', variant: 'plain' }

  test('compares every line with the reference of its own case', () => {
    const results = [
      result('floor', 10e6),
      result('socket', 1e6),
      result('floor', 4e6, { payload: 1024 }),
      result('socket', 1e6, { payload: 1024 }),
    ]
    const [small = '', large = ''] = caseTables(results, [reference]).split('### 1 KiB')
    expect(cells(small, 'peer')?.[2]).toBe('speed, floor plain = 1')
    expect(cells(small, 'socket')).toEqual(['socket, plain', '1.00 M/s (500 k/s to 2.00 M/s)', '0.10', ''])
    expect(cells(large, 'socket')?.[2]).toBe('0.25')
  })

  test('marks figures whose probes differ, and names peers that could not be measured', () => {
    const probes = { median: 90, min: 80, max: 300, unsteadyRuns: 1 }
    const reason = result('zeromq', 0, { metric: NOT_MEASURED, variant: 'no binary', median: null })
    const table = caseTables([result('floor', 1, { environment: { ...environment, probes } }), reason], [])
    expect(cells(table, 'floor')?.at(-1)).toBe('90.0 ns *')
    expect(table).toContain('zeromq: not measured: no binary')
  })
})

test('a table for each metric has a column for each case', () => {
  const results = [1, 2].map((count) =>
    result('floor', count, { variant: `plain (${count} consumers)`, min: count, max: count }),
  )
  const table = peerTables(results)
  expect(cells(table, 'peer')).toEqual(['peer, variant', '1 consumers', '2 consumers'])
  expect(cells(table, 'floor')).toEqual(['floor, plain', '1.00 /s', '2.00 /s'])
})

describe('the chart', () => {
  const draw = (results: Result[]) => {
    const elements: string[] = []
    const parser = new SaxesParser()
    parser.on('error', (error) => {
      throw error
    })
    parser.on('opentag', ({ name }) => elements.push(name))
    const svg = chart(results)
    parser.write(svg).close()
    return { svg, elements }
  }

  test('is well-formed with any names, and has a bar for each figure of a panel', () => {
    const { svg, elements } = draw([
      result('a <b> & "c"', 3e6),
      result('floor', 1e6),
      result('floor', 5, { metric: 'another' }),
    ])
    expect(elements.filter((name) => name === 'line')).toHaveLength(2)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  test('is well-formed if there is nothing to compare', () => {
    expect(draw([]).elements).toEqual(['svg', 'rect'])
    expect(draw([result('floor', 0, { min: 0, max: 0 })]).svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})
