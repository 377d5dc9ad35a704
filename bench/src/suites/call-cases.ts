import type { CallTrial } from '../calls/call-trial.js'

/** The peers of the suite `call`, each with a description in one line. */
export const CALL_PEERS: Readonly<Record<string, string>> = {
  'C++':
    'the same steps on the same kind of memory (bench/native/call.cc), and one cache line that goes back and forth',
  memlane: 'calls of the package memlane',
  'unix socket': 'JSON behind its length, over a unix domain socket (node:net)',
  child_process: 'process.send and on("message") with advanced serialization',
  birpc: 'the package birpc, to a worker thread',
  comlink: 'the package comlink, to a worker thread',
  'grpc-js': 'the package @grpc/grpc-js with Protocol Buffers, over a unix domain socket',
  zeromq: 'REQ and REP of the package zeromq, over ipc://; DEALER and ROUTER with several calls in flight',
  HTTP: 'JSON over HTTP on a unix domain socket: node:http, and a pool of the package undici',
}

/** Each is a table of the suite. */
type CallMetric = (typeof CALL_METRICS)[keyof typeof CALL_METRICS]

export const CALL_METRICS = {
  spinning: 'round trip, both spin',
  busy: 'round trip with await, busy',
  asleep: 'round trip with await, both asleep in between',
  burner: 'round trip with await, while a process burns a CPU',
  calls: 'calls',
  parts: 'parts of a streamed answer',
} as const

export interface CallCase extends Pick<CallTrial, 'peer' | 'way' | 'work' | 'payload'> {
  readonly metric: CallMetric
  readonly clients?: number
  readonly inFlight?: number
  readonly pauseMs?: number
  readonly burners?: number
  /** Runs only if `--payload` names its payload. */
  readonly onRequest?: boolean
  /** Does not run with `--quick`. */
  readonly slow?: boolean
}

const PAYLOADS = [32, 1024, 65_536, 1_048_576]
/** The way of all peers but memlane, and the usual way of memlane. */
const AWAIT = 'await'
const ADAPTIVE = 'await, adaptive'
const PARK = 'await, park'
const { spinning, busy, asleep, burner, calls, parts } = CALL_METRICS

const outside = Object.keys(CALL_PEERS).filter((peer) => peer !== 'C++' && peer !== 'memlane')

const trip = (metric: CallMetric, peer: string, way: string, payload: number): CallCase => {
  return { metric, peer, way, work: 'round trips', payload }
}
const sleeping = (peer: string, way: string): CallCase => ({ ...trip(asleep, peer, way, 32), pauseMs: 2 })
const crowded = (peer: string, way: string): CallCase => ({ ...trip(burner, peer, way, 32), burners: 1 })
const rate = (peer: string, way: string, payload: number, inFlight: number, clients = 1): CallCase => {
  return { metric: calls, peer, way, work: 'calls', payload, inFlight, clients }
}
const streamed = (peer: string, way: string): CallCase => {
  return { metric: parts, peer, way, work: 'parts', payload: 32 }
}
const toOthers = (makeCase: (peer: string, payload: number) => CallCase) =>
  PAYLOADS.flatMap((payload) => outside.map((peer) => ({ ...makeCase(peer, payload), onRequest: payload !== 32 })))

const cases: readonly CallCase[] = [
  trip(spinning, 'C++', 'one cache line', 32),
  trip(spinning, 'C++', 'in place', 32),
  ...PAYLOADS.flatMap((payload) => [
    trip(spinning, 'memlane', 'in place, spin', payload),
    trip(spinning, 'memlane', 'callSync, spin', payload),
  ]),
  ...PAYLOADS.map((payload) => trip(busy, 'memlane', ADAPTIVE, payload)),
  trip(busy, 'memlane', PARK, 32),
  ...toOthers((peer, payload) => trip(busy, peer, AWAIT, payload)),
  ...[ADAPTIVE, PARK].map((way) => sleeping('memlane', way)),
  ...outside.map((peer) => ({ ...sleeping(peer, AWAIT), slow: true })),
  ...[ADAPTIVE, PARK].map((way) => crowded('memlane', way)),
  ...outside.map((peer) => ({ ...crowded(peer, AWAIT), slow: true })),
  ...[1, 64].flatMap((inFlight) => [1, 2, 4].map((clients) => rate('memlane', ADAPTIVE, 32, inFlight, clients))),
  ...PAYLOADS.slice(1).map((payload) => rate('memlane', ADAPTIVE, payload, 64)),
  ...toOthers((peer, payload) => rate(peer, AWAIT, payload, 64)),
  streamed('memlane', ADAPTIVE),
  streamed('grpc-js', AWAIT),
]

/** All cases, in the order of the tables. The longest messages are slow, too: their processes take long to start. */
export const CALL_CASES: readonly CallCase[] = cases.map((each) =>
  each.payload === 1_048_576 ? { ...each, slow: true } : each,
)
