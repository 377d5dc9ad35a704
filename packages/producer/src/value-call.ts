import { type ClientProcedure, decodeAnswer } from '@memlane/channel'
import { LayoutError } from '@memlane/protocol'
import type { CallControl } from '@memlane/protocol/internal'
import { PendingCall } from './pending-call.js'
import { shareSignal } from './shared-signal.js'

/** A call with one answer. */
export class ValueCall extends PendingCall {
  readonly isPaused = false
  readonly #control: CallControl
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal | undefined
  #value: unknown
  /** Called when the signal aborts. */
  onAbort: (() => void) | undefined

  constructor(
    control: CallControl,
    procedure: ClientProcedure,
    request: unknown,
    deadline: number,
    signal: AbortSignal | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super(procedure, request, deadline)
    this.#control = control
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    if (signal !== undefined) {
      shareSignal(signal)
      signal.addEventListener('abort', this.#abort)
    }
  }

  read(index: number): void {
    this.#value = decodeAnswer(this.#control, this.procedure, index)
  }

  finish(): void {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#resolve(this.#value)
  }

  readParts(index: number): void {
    throw new LayoutError('CORRUPT', index * 4, `there are parts, and ${this.procedure.name} has one answer`)
  }

  fail(error: unknown): void {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#reject(error)
  }

  readonly #abort = (): void => this.onAbort?.()
}
