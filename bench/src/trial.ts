import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/**
 * What the processes of a trial do. One is the hub; the others, the spokes, talk with it and not with each other.
 *
 *   throughput  the hub sends as fast as it can, the spokes receive
 *   fan-out     the same, with several spokes
 *   capacity    the same as throughput, with rings of different capacity
 *   endurance   the same, with very many messages
 *   allocation  the same, with an eye on the heap
 *   fan-in      the spokes send, the hub receives
 *   round-trip  the hub asks, the spoke answers, each waiting in the way that answers soonest
 *   event-loop  the same, with both waiting in their event loops
 *   parked      the same, with a pause before each request, so that both are asleep
 *   idle        connected, with nothing to send
 */
export type Workload =
  | 'throughput'
  | 'fan-out'
  | 'capacity'
  | 'endurance'
  | 'allocation'
  | 'fan-in'
  | 'round-trip'
  | 'event-loop'
  | 'parked'
  | 'idle'

/** Who sends in a trial. It decides what the hub and the spokes do. */
export type Direction = 'hub sends' | 'spokes send' | 'hub asks' | 'nobody sends'

const DIRECTIONS: Readonly<Record<Workload, Direction>> = {
  throughput: 'hub sends',
  'fan-out': 'hub sends',
  capacity: 'hub sends',
  endurance: 'hub sends',
  allocation: 'hub sends',
  'fan-in': 'spokes send',
  'round-trip': 'hub asks',
  'event-loop': 'hub asks',
  parked: 'hub asks',
  idle: 'nobody sends',
}

/** Returns who sends in a trial. */
export function directionOf({ workload }: Pick<Trial, 'workload'>): Direction {
  return DIRECTIONS[workload]
}

/** One trial of one peer, as its hub is told. */
export interface Trial {
  readonly peer: string
  readonly variant: string
  readonly workload: Workload
  readonly spokes: number
  /** Bytes of a message: 32, or a larger multiple of 8. */
  readonly payload: number
  /** Bytes of a ring, a power of two; for peers that have rings. */
  readonly capacity: number
  /** Not measured. */
  readonly warmUpSeconds: number
  readonly seconds: number
  /** When not 0: how many messages are measured, instead of `seconds`; one-way workloads only. */
  readonly messages: number
  /** Before each request of `parked`; else 0. */
  readonly pauseMs: number
}

/** What one process saw between BEGIN and END (see roles/content.ts). */
export interface RoleReport {
  readonly messages: number
  readonly seconds: number
  /** User and system time; 0 for a worker, whose time its process reports. */
  readonly processorNs: number
  readonly roundTrip?: RoundTrips
  readonly garbage?: Garbage
  /** Messages that were overwritten before they could be received; where that may be. */
  readonly lost?: number
}

/** Times of round trips, in ns. */
interface RoundTrips {
  /** The median over blocks of round trips, per round trip: the clock was read once a block. 0: there were no blocks. */
  readonly block: number
  /** Of round trips timed one by one; the time of one look at the clock is part of them. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** What a process left to its garbage collector. */
export interface Garbage {
  /** Bytes. */
  readonly heapGrowth: number
  readonly collections: number
}

/** What a trial's hub prints. */
export interface TrialReport {
  readonly hub: RoleReport
  readonly spokes: readonly RoleReport[]
}

/**
 * The command that runs a TypeScript file in a Node process of its own. `file` is relative to the module at `base`. Without the memory
 * reducer: what V8 clears away once, when a process has been idle for some seconds, takes 130 ms, and would be laid to whatever
 * it waits for.
 */
export function nodeCommand(file: string, base: string, args: readonly string[]): readonly string[] {
  const flags = ['--expose-gc', '--no-memory-reducer', '--import', 'tsx']
  return [process.execPath, ...flags, fileURLToPath(new URL(file, base)), ...args]
}

/**
 * Runs one trial in processes of its own, so that no trial sees what another left in caches and heap. The command prints
 * what it measured as JSON.
 *
 * @param timeoutSeconds a trial that takes longer hangs, and is killed
 * @throws Error with the command and what it printed, when it failed or hung
 */
export async function runTrial<T>(command: readonly string[], timeoutSeconds = 120): Promise<T> {
  const [program = '', ...args] = command
  const options = { timeout: timeoutSeconds * 1000, killSignal: 'SIGKILL' } as const
  const { stdout } = await promisify(execFile)(program, args, options).catch((cause: Error & { stderr?: string }) => {
    throw new Error(`trial ${command.join(' ')} failed: ${cause.stderr || cause.message}`, { cause })
  })
  return JSON.parse(stdout) as T
}
