/** The suites that measure all peers. Each lists its cases; peer-suite.ts does the rest. */

import { type Case, peerSuite } from '../peer-suite.js'
import { natural } from './natural.js'

const PAYLOADS = [32, 1024, 65_536, 1_048_576]
const COUNTS = [1, 2, 4, 8]

/** Rings from 64 KiB, which fits the first caches, to 64 MiB, which fits few last ones. */
const CAPACITIES = { '64 KiB': 2 ** 16, '256 KiB': 2 ** 18, '1 MiB': 2 ** 20, '4 MiB': 2 ** 22, '64 MiB': 2 ** 26 }

const FLOOR_RING = { peer: 'floor', variant: 'ring in place' }
const FLOOR_COPY = { peer: 'floor', variant: 'ring with copy' }
const UNIX_SOCKET = { peer: 'unix socket', variant: 'frames' }

/** Figures of messages that fit the caches vary most, so these trials run most often. */
function runsFor(payload: number) {
  return { maxRuns: payload === 32 ? 5 : 3 }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const throughput = peerSuite({
  name: 'throughput',
  summary: 'one process sends as fast as it can, one receives and checks (memcpy: within one process)',
  cases: PAYLOADS.map((payload) => ({ workload: 'throughput', payload, ...runsFor(payload) })),
  references: [FLOOR_RING, FLOOR_COPY, UNIX_SOCKET],
  tableBy: 'case',
})

const roundtrip = peerSuite({
  name: 'roundtrip',
  summary: 'one process asks, one answers, both waiting in the fastest way there is',
  cases: PAYLOADS.map((payload) => ({ workload: 'round-trip', payload, ...runsFor(payload) })),
  references: [{ peer: 'floor', variant: 'one cache line' }, FLOOR_RING, UNIX_SOCKET],
  tableBy: 'case',
})

const wakeup = peerSuite({
  name: 'wakeup',
  summary:
    'request and reply with both processes waiting in the event loop: busy, asleep before each request, and idle',
  cases: [
    { workload: 'event-loop', payload: 32, label: 'busy' },
    { workload: 'parked', payload: 32, label: 'asleep', pauseMs: 2 },
    { workload: 'idle', payload: 32, label: 'idle', seconds: 10, maxRuns: 1 },
  ],
  references: [{ peer: 'floor', variant: 'futex' }, UNIX_SOCKET],
  tableBy: 'case',
})

const contended = peerSuite({
  name: 'contended',
  summary: 'request and reply in the event loop while other programs or other work want the CPU',
  cases: [
    { label: 'quiet' },
    { label: 'one burner', burners: 1 },
    { label: 'two burners', burners: 2 },
    ...(process.platform === 'linux' ? [{ label: 'one CPU', oneProcessor: true }] : []),
    { label: '8 pairs', pairs: 8, warmUpSeconds: 3, seconds: 4 },
    ...[5, 20, 100, 500].map((answerUs) => ({ label: `answers after ${answerUs} µs`, answerUs })),
    ...[1, 20].map((pauseMs) => ({ label: `bursts of 20, pauses of ${pauseMs} ms`, burst: 20, pauseMs })),
    { label: 'HTTP in the same event loop', http: true },
  ].map((contention): Case => ({ workload: 'contended', payload: 32, maxRuns: 3, ...contention })),
  references: [UNIX_SOCKET],
  tableBy: 'case',
  special: true,
})

const fanOut = peerSuite({
  name: 'fan-out',
  summary: 'one process sends every message to 1, 2, 4, 8 others; messages received by all of them together',
  cases: COUNTS.map(
    (spokes): Case => ({ workload: 'fan-out', payload: 32, maxRuns: 3, spokes, label: counted(spokes, 'consumer') }),
  ),
  references: [],
  tableBy: 'peer',
})

const fanIn = peerSuite({
  name: 'fan-in',
  summary: '1, 2, 4, 8 processes send to one (memlane: of 64 possible)',
  cases: COUNTS.map(
    (spokes): Case => ({ workload: 'fan-in', payload: 32, maxRuns: 3, spokes, label: counted(spokes, 'producer') }),
  ),
  references: [],
  tableBy: 'peer',
})

const capacity = peerSuite({
  name: 'capacity',
  summary: 'throughput through rings of different capacity; a message has at most half of the capacity',
  cases: [32, 1024, 65_536].flatMap((payload) =>
    Object.entries(CAPACITIES)
      .filter(([, capacity]) => capacity > 2 * payload)
      .map(([label, capacity]): Case => ({ workload: 'capacity', maxRuns: 3, payload, capacity, label })),
  ),
  references: [],
  tableBy: 'peer',
})

const endurance = peerSuite({
  name: 'endurance',
  summary: 'a billion messages, checked one by one',
  cases: [{ workload: 'endurance', payload: 32, messages: 1e9, maxRuns: 1 }],
  references: [FLOOR_RING],
  tableBy: 'case',
  special: true,
})

const allocation = peerSuite({
  name: 'allocation',
  summary: 'heap growth and garbage collections over 100 million messages',
  cases: [{ workload: 'allocation', payload: 32, messages: 1e8, maxRuns: 1 }],
  references: [],
  tableBy: 'case',
  special: true,
})

export const peerSuites = [
  ...[throughput, roundtrip, natural, wakeup, contended],
  ...[fanOut, fanIn, capacity, endurance, allocation],
]
