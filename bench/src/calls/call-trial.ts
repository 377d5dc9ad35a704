/** One trial of the suite `call`, as its programs get it. */
export interface CallTrial {
  readonly peer: string
  /** The way of using the peer. */
  readonly way: string
  readonly work: CallWork
  readonly clients: number
  /** How many calls each client has in flight. Only for `calls`. */
  readonly inFlight: number
  /** Bytes of a request, and of an answer: 32, or a larger multiple of 8. */
  readonly payload: number
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Milliseconds of a pause before each call. 0 if there are none. Only for `round trips`. */
  readonly pauseMs: number
  /** A text that no other trial has, for names. */
  readonly name: string
}

/**
 *   round trips  one client makes one call after the other, and times them
 *   calls        each client keeps `inFlight` calls in flight, and counts the answers
 *   parts        one client iterates over a streamed answer, and counts the parts
 */
type CallWork = 'round trips' | 'calls' | 'parts'
