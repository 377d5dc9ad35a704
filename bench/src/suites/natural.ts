import { type Case, peerSuite } from '../peer-suite.js'

/**
 * Programs as README and the guides write them, beside programs written for speed and beside other peers. Each case lists its
 * variants by peer. To measure one more peer here, add it to ../peers/peers.ts and to the cases below.
 */

/** The default of `createStream`, so that a comparison shows the program, not the ring. */
const USUAL = { payload: 32, capacity: 2 ** 18 }
const ROUND_TRIP_FLOOR = ['one cache line', 'ring in place', 'ring with copy']
const FLOOR = ['ring in place', 'ring with copy']

const cases: readonly Case[] = [
  {
    ...{ workload: 'round-trip', label: 'request and reply, both spin', ...USUAL },
    variants: { floor: ROUND_TRIP_FLOOR, natural: ['claim and poll', 'all in one loop'], memlane: ['in place, spin'] },
  },
  {
    ...{ workload: 'event-loop', label: 'request and reply with await', ...USUAL },
    variants: {
      natural: ['await', 'await, park', 'await, spin', 'await, JSON'],
      memlane: ['event loop, adaptive'],
      'unix socket': ['frames', 'JSON'],
    },
  },
  {
    ...{ workload: 'throughput', label: 'one way', ...USUAL },
    variants: {
      floor: FLOOR,
      natural: ['one by one', 'fillBatch of 64', 'trySend, poll', 'trySend, tryReceive', 'trySend, for await'],
      memlane: ['in place', 'batch in place', 'objects'],
    },
  },
  ...[
    { ...USUAL, payload: 1024 },
    { payload: 65_536 }, // the default ring holds only three of them
  ].map(
    (size): Case => ({
      ...{ workload: 'throughput', ...size, label: 'all bytes written and read' },
      variants: { floor: FLOOR, natural: ['all bytes'], memlane: ['bytes in place', 'in place'] },
    }),
  ),
  ...[1024, 65_536, 1_048_576].map(
    (payload): Case => ({
      ...{ workload: 'touch', payload, label: 'first 8 bytes written and read' },
      variants: { floor: ['ring in place'], natural: ['first 8 bytes'] },
    }),
  ),
]

export const natural = peerSuite({
  name: 'natural',
  summary: 'programs as README and the guides write them, beside tuned ones (memlane) and other peers',
  cases: cases.map((each) => ({ maxRuns: 3, ...each })),
  references: [
    { peer: 'floor', variant: 'one cache line' },
    { peer: 'floor', variant: 'ring with copy' },
    ...['in place, spin', 'event loop, adaptive', 'in place', 'batch in place', 'objects', 'bytes in place'].map(
      (variant) => ({
        ...{ peer: 'memlane', variant },
      }),
    ),
    { peer: 'unix socket', variant: 'JSON' },
  ],
  tableBy: 'case',
})
