/** What the suite `bridge-call` measures, and how its processes tell it. */

/** A kind of request. Its answer is the same. */
export const REQUESTS = {
  '32 B': 32,
  '1 KiB': 1024,
  '64 KiB': 65_536,
  'JSON, 95 B': 'json',
} as const
export type RequestKind = keyof typeof REQUESTS

export const WAYS = ['NATS request', 'call over two bridges'] as const
export type Way = (typeof WAYS)[number]

/** Calls one after the other, and then many at a time. Times in ns. */
export interface BridgeCallReport {
  readonly request: RequestKind
  readonly way: Way
  readonly p50: number
  readonly mean: number
  readonly p99: number
  /** Calls a second with 64 in flight. */
  readonly rate: number
}

export const VICTIMS = ['the server', 'the bridge at its side', "the client's bridge", 'NATS'] as const
export type Victim = (typeof VICTIMS)[number]

/** What a call that runs comes to if something is killed. */
export interface DeathReport {
  readonly victim: Victim
  readonly code: string
  /** Whether the procedure may have run, as the error says. */
  readonly taken: boolean
  readonly ms: number
}
