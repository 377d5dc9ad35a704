import type { Peer } from '../peer.js'
import type { Trial } from '../trial.js'
import { buildNativeProgram, COMPILATION, nativeProgram } from './native-program.js'

const program = nativeProgram('floor')

const RINGS = ['ring in place', 'ring with copy']

/** The yardstick. Hub and spokes are one program, which is built if it is missing or its sources have changed. */
export const floor: Peer = {
  name: 'floor',
  summary: `C++ over the same kind of memory (${COMPILATION}): what this machine can do`,
  variants: {
    throughput: ['memcpy', ...RINGS],
    'fan-out': ['ring in place'],
    capacity: RINGS,
    endurance: ['ring in place'],
    'fan-in': ['ring in place'],
    'round-trip': ['one cache line', ...RINGS],
    parked: ['futex'],
  },
  isWorthwhile: ({ payload, variant }) => payload === 32 || variant.startsWith('ring'),
  prepare: () => buildNativeProgram('floor'),
  command: (trial) => [program, ...Object.entries(trial).map(([key, value]) => `${key}=${value}`)],
}

/** The trial of a probe: round trips of one cache line, for 50 ms. */
export const PROBE: Trial = {
  peer: floor.name,
  variant: 'one cache line',
  workload: 'round-trip',
  spokes: 1,
  payload: 32,
  capacity: 65_536,
  warmUpSeconds: 0.01,
  seconds: 0.05,
  messages: 0,
  pauseMs: 0,
}
