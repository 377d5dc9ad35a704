import { type Bells, type CallChannel, encodeAnswer, type Participant } from '@memlane/channel'
import { steadyNow } from '@memlane/core/internal'
import { type CallControl, DONE, FAILED, LATE, PART, withKindOf } from '@memlane/protocol/internal'
import { encodeError } from './call-error.js'
import type { RunningCall } from './running-call.js'

/** Answers the calls of one server: writes each answer or error into the call's slot, and tells the client. */
export class CallAnswers {
  readonly #participant: Participant<CallChannel>
  readonly #control: CallControl
  readonly #clients: Bells
  readonly #onFailed: (error: unknown, call: RunningCall) => void
  #count = 0

  /** @param onFailed told of each error that a client gets */
  constructor(
    participant: Participant<CallChannel>,
    clients: Bells,
    onFailed: (error: unknown, call: RunningCall) => void,
  ) {
    this.#participant = participant
    this.#control = participant.channel.control
    this.#clients = clients
    this.#onFailed = onFailed
  }

  /** How many calls were answered, errors included. */
  get count(): number {
    return this.#count
  }

  /** Answers with what the handler has returned, or has written in place. */
  answer(call: RunningCall, value: unknown): void {
    if (call.isOver) {
      this.#free(call)
      return
    }
    let length: number
    try {
      length = call.replyLength ?? encodeAnswer(this.#control, call.procedure, call.index, value)
    } catch (error) {
      this.fail(call, error)
      return
    }
    if (this.#participant.closed) return // a getter of the answer has closed the server
    this.settle(call, DONE, length)
  }

  /** Hands over the parts of a streamed answer that are in its slot. */
  handOver(call: RunningCall, length: number): void {
    const { index, taken } = call
    const isHandedOver = this.#control.handOver(index, taken, length)
    this.#tellClient(index) // also if the slot is free now
    if (isHandedOver) call.word = withKindOf(taken, PART)
    else this.giveUp(call)
  }

  /** Answers with an error. */
  fail(call: RunningCall, error: unknown): void {
    if (this.#participant.closed) return
    if (call.isOver) {
      this.#free(call)
      return
    }
    const control = this.#control
    const { data, header } = control
    if (steadyNow() >= control.deadlineOf(call.index)) {
      this.settle(call, LATE, 0) // the handler may have failed because of that
      return
    }
    const encoded = encodeError(error, header.maxAnswerLength)
    if (this.#participant.closed) return // a getter of the error has closed the server
    new Uint8Array(data.buffer, data.byteOffset + control.answerOf(call.index), encoded.length).set(encoded)
    this.settle(call, FAILED, encoded.length)
    this.#onFailed(error, call)
  }

  /** Ends a call. The answer area holds what belongs to the status. */
  settle(call: RunningCall, status: number, length: number): void {
    if (call.isOver) {
      this.#free(call)
      return
    }
    this.#count++
    call.end()
    this.#control.answer(call.index, call.taken, status, length)
    this.#tellClient(call.index)
  }

  /** The client no longer wants the answer. */
  giveUp(call: RunningCall): void {
    call.abort(this.#participant.channel.error('CLOSED', 'the client has given up this call.'))
    // With `reply`, the handler may still write into the slot: it is freed when the handler has ended.
    if (call.replyLength === undefined) this.#free(call)
  }

  #free({ index, taken }: RunningCall): void {
    if (this.#participant.closed) return
    if (this.#control.freeAbandoned(index, taken)) this.#tellClient(index)
  }

  #tellClient(index: number): void {
    this.#control.announceDone(index)
    this.#clients.ringSleeper(this.#control.producerOf(index))
  }
}
