/** Why a message did not reach the other side. */
export type DropReason =
  /** The network was slower than the producers, and `onOverrun` is `drop`. */
  | 'overrun'
  /** The spill file was full. */
  | 'spill-full'
  /** The lane was overwritten before the bridge came to it. */
  | 'missed'
  /** The message does not fit the schema of the other side, or is none. */
  | 'refused'
  /** The message comes from this bridge itself. */
  | 'loop'

/** What a route has done since the bridge started. The route counts, metrics read. */
export class RouteFigures {
  /** Messages that the other side has, or will have for sure. */
  forwarded = 0
  /** The bytes of their payloads on the wire. */
  bytes = 0
  /** Messages that the other side had already. */
  duplicates = 0
  /** Publishes or requests that were repeated. */
  retries = 0
  /** Messages that were written to the spill file. */
  spilled = 0
  /** Starts of the route after an error. */
  restarts = 0
  readonly dropped: Record<DropReason, number> = { overrun: 0, 'spill-full': 0, missed: 0, refused: 0, loop: 0 }
  /** Messages without an answer now. */
  inFlight = 0
  #lag: number | (() => number) | undefined
  /** Bytes that wait in the spill file now. */
  spillBytes = 0
  /** The last error, in one line; undefined if the route runs. */
  error: string | undefined

  /** Messages that wait on the near side now; undefined if the route does not know. */
  get lag(): number | undefined {
    return typeof this.#lag === 'function' ? this.#lag() : this.#lag
  }

  set lag(lag: number | undefined) {
    this.#lag = lag
  }

  /** Makes each read of `lag` ask the route. */
  measureLag(measure: () => number): void {
    this.#lag = measure
  }
}
