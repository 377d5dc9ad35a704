import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/**
 * The work of a trial. One process is the hub. The others, the spokes, exchange messages with the hub only.
 *
 *   throughput  the hub sends as fast as it can, the spoke receives
 *   fan-out     the same, with several spokes
 *   capacity    the same as throughput, with rings of different capacity
 *   touch       the same, but only the first 8 bytes of a message are written and read
 *   endurance   the same, with very many messages
 *   allocation  the same; both sides watch their heaps
 *   fan-in      the spokes send, the hub receives
 *   round-trip  the hub asks, the spoke answers; both wait in the fastest way there is
 *   event-loop  the same; both wait in their event loops
 *   parked      the same; a pause before each request lets both fall asleep
 *   contended   the same as event-loop, with `Contention`
 *   idle        all processes are connected, and none sends
 */
export type Workload =
  | 'throughput'
  | 'fan-out'
  | 'capacity'
  | 'touch'
  | 'endurance'
  | 'allocation'
  | 'fan-in'
  | 'round-trip'
  | 'event-loop'
  | 'parked'
  | 'contended'
  | 'idle'

/** The side that sends. It decides what the hub and the spokes do. */
export type Direction = 'hub sends' | 'spokes send' | 'hub asks' | 'nobody sends'

const DIRECTIONS: Readonly<Record<Workload, Direction>> = {
  throughput: 'hub sends',
  'fan-out': 'hub sends',
  capacity: 'hub sends',
  touch: 'hub sends',
  endurance: 'hub sends',
  allocation: 'hub sends',
  'fan-in': 'spokes send',
  'round-trip': 'hub asks',
  'event-loop': 'hub asks',
  parked: 'hub asks',
  contended: 'hub asks',
  idle: 'nobody sends',
}

/** Returns the side that sends in a trial. */
export function directionOf({ workload }: Pick<Trial, 'workload'>): Direction {
  return DIRECTIONS[workload]
}

/** Disturbances of a conversation. Each is optional. */
interface Contention {
  /** Processes that each use as much CPU time as they get. */
  readonly burners?: number
  /** All processes of the trial run on one CPU. Linux only. */
  readonly oneProcessor?: boolean
  /** How many conversations run at once. Usually one. */
  readonly pairs?: number
  /** Microseconds that the spoke works before it answers. */
  readonly answerUs?: number
  /** How many requests come between two pauses of `pauseMs`. Usually one. */
  readonly burst?: number
  /** The spoke's event loop also serves HTTP requests, which another process sends as fast as it can. */
  readonly http?: boolean
}

/** One trial of one peer, as its hub gets it. */
export interface Trial extends Contention {
  readonly peer: string
  readonly variant: string
  readonly workload: Workload
  readonly spokes: number
  /** Bytes of a message: 32, or a larger multiple of 8. */
  readonly payload: number
  /** Bytes of a ring, a power of two. For peers that have rings. */
  readonly capacity: number
  /** Time before the measurement begins. */
  readonly warmUpSeconds: number
  readonly seconds: number
  /** If not 0: the number of messages to measure, in place of `seconds`. Only for one-way workloads. */
  readonly messages: number
  /** Milliseconds of a pause before a request. 0 if there are no pauses. */
  readonly pauseMs: number
}

/** The figures of one process between BEGIN and END (see roles/content.ts). */
export interface RoleReport {
  readonly messages: number
  readonly seconds: number
  /** User and system CPU time. 0 for a worker: the hub's figure includes its time. */
  readonly processorNs: number
  readonly roundTrip?: RoundTrips
  readonly garbage?: Garbage
  /** Messages that were overwritten before they were received. Only for peers that may lose some. */
  readonly lost?: number
  /** HTTP requests that the process served in the meantime. */
  readonly httpRequests?: number
}

/** Times of round trips, in ns. */
interface RoundTrips {
  /** The median over blocks, per round trip; the clock was read once a block. 0 if there were no blocks. */
  readonly block: number
  /** Of round trips that were timed one by one: their mean and percentiles. Each includes one look at the clock. */
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** The garbage that a process made. */
export interface Garbage {
  /** Bytes. */
  readonly heapGrowth: number
  readonly collections: number
}

/** The output of a trial's hub. */
export interface TrialReport {
  readonly hub: RoleReport
  readonly spokes: readonly RoleReport[]
}

export type Runtime = 'node' | 'bun' | 'deno'

/** The flags with which each runtime runs a program in TypeScript. */
export const FLAGS: Readonly<Record<Runtime, readonly string[]>> = {
  node: ['--expose-gc', '--no-memory-reducer', '--import', 'tsx'],
  bun: [],
  deno: ['run', '--allow-all', '--quiet', '--unstable-sloppy-imports', '--v8-flags=--no-memory-reducer'],
}

/** The runtime of this process. */
const runtime: Runtime = 'bun' in process.versions ? 'bun' : 'deno' in process.versions ? 'deno' : 'node'

/**
 * Returns the command that runs a TypeScript file in a Node process of its own. V8's memory reducer is off: it runs once, for 130 ms,
 * after a process has been idle for some seconds, and would distort the CPU time of waiting.
 *
 * @param file relative to the module at `base`
 */
export function nodeCommand(file: string, base: string, args: readonly string[]): readonly string[] {
  return [process.execPath, ...FLAGS[runtime], fileURLToPath(new URL(file, base)), ...args]
}

/**
 * Runs one trial in processes of its own, so that no trial inherits another's caches and heap. The command prints its
 * measurements as JSON.
 *
 * @param options `timeoutSeconds`: a trial that takes longer counts as hanging, and is killed. `signal` kills it, too
 * @throws Error with the command and its output, if it failed or hung
 */
export async function runTrial<T>(
  command: readonly string[],
  { timeoutSeconds = 120, signal }: { timeoutSeconds?: number; signal?: AbortSignal } = {},
): Promise<T> {
  const [program = '', ...args] = command
  const options = { timeout: timeoutSeconds * 1000, killSignal: 'SIGKILL', ...(signal && { signal }) } as const
  const { stdout } = await promisify(execFile)(program, args, options).catch((cause: Error & { stderr?: string }) => {
    throw new Error(`trial ${command.join(' ')} failed: ${cause.stderr || cause.message}`, { cause })
  })
  return JSON.parse(stdout) as T
}
