import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Peer } from '../peer.js'
import type { Trial } from '../trial.js'

const SOURCE_FOLDER = fileURLToPath(new URL('../../native/', import.meta.url))
const BUILD_FOLDER = fileURLToPath(new URL('../../build/', import.meta.url))

/** For any CPU of the architecture, as Node itself is built. */
const FLAGS = ['-std=c++17', '-O3', '-Wall', '-Wextra', '-Werror']

const compiler = process.env.CXX ?? 'g++'
const sources = readdirSync(SOURCE_FOLDER).sort()
const hash = createHash('sha256').update([compiler, ...FLAGS].join(' '))
for (const file of sources) hash.update(readFileSync(join(SOURCE_FOLDER, file)))
const program = join(BUILD_FOLDER, `floor-${hash.digest('hex').slice(0, 16)}`)

const RINGS = ['ring in place', 'ring with copy']

/** The yardstick. Hub and spokes are one program, which is built if it is missing or its sources have changed. */
export const floor: Peer = {
  name: 'floor',
  summary: `C++ over the same kind of memory (${compiler} ${FLAGS.slice(0, 2).join(' ')}): what this machine can do`,
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
  async prepare() {
    if (existsSync(program)) return
    mkdirSync(BUILD_FOLDER, { recursive: true })
    const unfinished = `${program}.${process.pid}`
    await promisify(execFile)(compiler, [...FLAGS, join(SOURCE_FOLDER, 'floor.cc'), '-o', unfinished, '-lrt'])
    renameSync(unfinished, program)
  },
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
