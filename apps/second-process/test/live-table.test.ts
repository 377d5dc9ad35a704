import { expect, test } from 'vitest'
import { callRows, latestRows, streamRows } from '../src/figures.js'
import { tableLines } from '../src/live-table.js'

const figures = {
  sequence: 42,
  pid: 4711,
  sentAt: new Date(2026, 0, 2, 3, 4, 5, 678).getTime(),
  processors: 2,
  processorsBusy: 0.123,
  load: [0.5, 1, 12.25],
  memoryTotal: 16 * 2 ** 30,
  memoryFree: 4 * 2 ** 30,
  uptime: ((3 * 24 + 4) * 60 + 5) * 60 + 59,
  memoryResident: 50.5 * 2 ** 20,
  heapUsed: 8 * 2 ** 20,
  processorShare: 1.5,
  eventLoopBusy: 0.01,
}

test('names and values stand in two columns', () => {
  expect(tableLines('figures', figures, undefined, streamRows({ rate: 9.96, lag: 3, missed: 0 }))).toEqual([
    'figures: receiving',
    '  message                                  42',
    '  sent at                          03:04:05.6',
    '  from process                           4711',
    '  2 processors busy                    12.3 %',
    '  load in 1, 5, 15 minutes  0.50  1.00  12.25',
    '  memory used                12.0 of 16.0 GiB',
    '  up                                3 d 04:05',
    '  its memory                         50.5 MiB',
    '  its heap                            8.0 MiB',
    '  its CPU time                        150.0 %',
    '  its event loop busy                   1.0 %',
    '  rate                                 10.0/s',
    '  lag                                       3',
    '  missed                                    0',
  ])
})

test.each([
  [undefined, undefined, 'figures: waiting for a message'],
  [figures, 'died', 'figures: first process died, waiting for it to come back'],
  [figures, 'closed', 'figures: closed by the first process'],
  [figures, 'gone', 'figures: no first process, waiting for one'],
] as const)('the first line shows the state of the first process: %#', (latest, end, line) => {
  expect(tableLines('figures', latest, end, streamRows({ rate: 0, lag: 0, missed: 0 }))[0]).toBe(line)
})

test('a latest shows the age of its value, and how many values were skipped', () => {
  const lines = tableLines('figures', undefined, undefined, latestRows({ rate: 9.96, age: 12.3, skipped: 4 }))
  expect(lines.slice(1)).toEqual(['  rate     10.0/s', '  age       12 ms', '  skipped       4'])
})

test('calls show the servers, the disk and the round trip; the last two only if the answer came in time', () => {
  const rows = { rate: 9.96, servers: 2, roundTrip: 0.3 }
  const disk = { total: 50 * 2 ** 30, free: 12.5 * 2 ** 30 }
  expect(tableLines('figures', undefined, undefined, callRows({ ...rows, disk })).slice(1)).toEqual([
    '  rate                  10.0/s',
    '  servers                    2',
    '  disk used   37.5 of 50.0 GiB',
    '  round trip           0.30 ms',
  ])
  expect(callRows({ ...rows, disk: undefined }).slice(2)).toEqual([
    ['disk used', ''],
    ['round trip', ''],
  ])
})
