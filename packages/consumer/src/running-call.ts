import { SharedMemoryError } from '@memlane/core'
import { clearTimeout, MAX_TIMEOUT_MS, now, setTimeout, steadyNow } from '@memlane/core/internal'
import type { AnyCodec, CodecOf, MessageView, PayloadView } from '@memlane/protocol'
import type { CallControl } from '@memlane/protocol/internal'
import type { CallContext } from './call-handlers.js'

/** A procedure as a server offers it. */
export interface ServedProcedure {
  readonly name: string
  readonly request: CodecOf<AnyCodec>
  readonly answer: CodecOf<AnyCodec>
  readonly streams: boolean
  readonly idempotent: boolean
  readonly handler: (request: unknown, context: CallContext<AnyCodec>) => unknown
  readonly isInPlace: boolean
}

/** A call that a server has taken and not answered yet. It is also the context that its handler gets. */
export class RunningCall implements CallContext<AnyCodec> {
  readonly procedure: ServedProcedure
  index: number
  /** What the take stored. */
  taken: number
  /** What the slot's word is as long as the client does nothing. */
  word: number
  /** True when the answer is no longer wanted: the client has given up, or the server has ended. */
  isOver = false
  /** The bytes of the answer that `reply` has claimed; undefined if it was not called. */
  replyLength: number | undefined
  /** Told when the client has taken the parts that were handed over. */
  onHandBack: (() => void) | undefined
  /** When the client no longer wants the answer, on the steady clock. Kept: the slot may hold another call before the handler has ended. */
  #steadyDeadline: number
  readonly #control: CallControl
  /** Shows the answers of all calls of a handler that runs one call at a time. */
  readonly #view: PayloadView<MessageView<AnyCodec>> | undefined
  /** What `reply` shows, of a handler that runs several calls at a time. */
  #shown: PayloadView<MessageView<AnyCodec>> | undefined
  #controller: AbortController | undefined
  #reason: unknown
  #timer: NodeJS.Timeout | undefined

  constructor(control: CallControl, procedure: ServedProcedure, index: number, taken: number) {
    this.#control = control
    this.procedure = procedure
    this.index = index
    this.taken = taken
    this.word = taken
    this.#steadyDeadline = control.deadlineOf(index)
    if (procedure.isInPlace) this.#view = procedure.answer.view(control.data)
  }

  /** Becomes the next call of a handler in place, which has ended the last one. */
  reuse(index: number, taken: number): void {
    this.index = index
    this.taken = taken
    this.word = taken
    this.#steadyDeadline = this.#control.deadlineOf(index)
    this.isOver = false
    this.replyLength = undefined
    this.#controller = undefined
    this.#reason = undefined
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      const left = this.deadline - now()
      if (this.isOver) controller.abort(this.#reason)
      else if (left <= MAX_TIMEOUT_MS) {
        const reason = new SharedMemoryError(
          'TIMED_OUT',
          `the deadline of this call of ${this.procedure.name} has passed.`,
        )
        // A timer may be early by up to a millisecond. Then an error of the handler would not count as late.
        this.#timer = setTimeout(() => controller.abort(reason), Math.max(0, Math.ceil(left)) + 1).unref()
      }
    }
    return this.#controller.signal
  }

  get deadline(): number {
    const deadline = this.#steadyDeadline
    return deadline === Infinity ? Infinity : now() + (deadline - steadyNow())
  }

  get clientPid(): number {
    return this.#control.clientPid(this.#control.producerOf(this.index))
  }

  reply(length?: number): MessageView<AnyCodec> {
    const { procedure } = this
    const { answer } = procedure
    const { maxAnswerLength } = this.#control.header
    if (procedure.streams)
      throw new TypeError('reply is for procedures with one answer: yield the parts of a streamed one')
    if (this.isOver) throw new TypeError('this call has ended')
    const bytes = length ?? answer.fixedLength
    if (bytes === undefined) throw new TypeError('answers of this procedure vary in length: pass the length to reply')
    if (answer.fixedLength !== undefined && bytes !== answer.fixedLength) {
      throw new RangeError(`answers of ${procedure.name} have ${answer.fixedLength} bytes, not ${bytes}`)
    }
    if (!(bytes >= 0 && bytes <= maxAnswerLength && Number.isInteger(bytes))) {
      throw new RangeError(`answer length ${bytes} is not a whole number from 0 to maxAnswerLength ${maxAnswerLength}`)
    }
    let view = this.#view
    if (view === undefined) {
      this.#shown ??= answer.view(this.#control.data)
      view = this.#shown
    }
    const reply = view.at(this.#control.answerOf(this.index), bytes) // may throw: the area holds old bytes
    this.replyLength = bytes
    return reply
  }

  /** The call has been answered, or was given up. */
  end(): void {
    this.isOver = true
    this.#shown?.end?.('this view was used after its call had ended')
    if (this.#timer !== undefined) clearTimeout(this.#timer)
  }

  /** Tells the handler that nobody wants the answer any more. */
  abort(reason: unknown): void {
    if (this.isOver) return
    this.end()
    this.#reason = reason
    this.#controller?.abort(reason)
    this.onHandBack?.()
  }
}
