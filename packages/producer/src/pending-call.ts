import type { ClientProcedure } from '@memlane/channel'

/** A call that is not settled: it waits for a slot, or for its server. */
export abstract class PendingCall {
  readonly procedure: ClientProcedure
  readonly request: unknown
  /** When it is given up, on core's clock; Infinity for never. */
  readonly deadline: number
  /** Its slot; -1 while it has none. */
  slot = -1
  /** Its position among the calls that have slots. */
  position = -1
  /** True if it was given up while its request was being written. */
  isGivenUp = false

  constructor(procedure: ClientProcedure, request: unknown, deadline: number) {
    this.procedure = procedure
    this.request = request
    this.deadline = deadline
  }

  /** True while parts that it has got wait for the program: then it wants no more. */
  abstract readonly isPaused: boolean
  /** Copies the answer out of the slot. May throw for bytes that are no answer. */
  abstract read(index: number): void
  /** Settles the call after `read`. */
  abstract finish(): void
  /** Copies parts out of the slot. May throw for bytes that are none. */
  abstract readParts(index: number): void
  /** Settles the call with an error. */
  abstract fail(error: unknown): void
}
