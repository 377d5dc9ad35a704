import { headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core'
import { abortable } from '../../link/abortable.js'
import { bridgeFailure, type CallFailure, FAILED, failureOf, refusal } from './call-failure.js'
import type { CallRequest } from './call-request.js'
import { controlIn, SEQUENCE, SILENT_HEARTBEATS, STATUS } from './call-wire.js'
import { respondError } from './nats-service.js'
import type { ProcedureForm } from './procedure-forms.js'
import { PULSE_MS, type Pulsed } from './pulse.js'

/** A caller that wants no signs of life waits so long for an answer, or for the next part, in milliseconds. */
const PLAIN_TIMEOUT_MS = 60_000
/** A caller that does not count parts gets so many, or so many bytes, until the server has taken them from this process. */
const FLUSH_PARTS = 64
const FLUSH_BYTES = 256 * 1024

/** A procedure that a local server offers. */
export interface OfferedProcedure {
  readonly name: string
  readonly streams: boolean
  readonly idempotent: boolean
  /** Calls it: a method of the local client. */
  readonly call: (request: unknown, options: LocalCallOptions) => Promise<unknown> | AsyncIterable<unknown>
}

interface LocalCallOptions {
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

/** What a forwarded call needs of its service. */
export interface CallHost {
  readonly connection: NatsConnection
  /** Makes a control subject for a call. */
  control(call: ForwardedCall): string
  /** The most bytes of a message. */
  readonly maxPayload: number
}

/** A request from NATS that a local server answers. */
export class ForwardedCall implements Pulsed {
  readonly #host: CallHost
  readonly #message: Msg
  readonly #procedure: OfferedProcedure
  readonly #request: CallRequest
  readonly #form: ProcedureForm
  readonly #gone = new AbortController()
  /** Where the caller speaks to this call; undefined until it has been told. */
  #control: string | undefined
  #parts = 0
  #takenParts = 0
  #onTaken: (() => void) | undefined
  /** Pulses since this bridge has sent something to the caller, and since the caller was heard. */
  #quietPulses = 0
  #deafPulses = 0
  /** Bytes that the caller has got. */
  sentBytes = 0

  constructor(host: CallHost, message: Msg, procedure: OfferedProcedure, request: CallRequest, form: ProcedureForm) {
    this.#host = host
    this.#message = message
    this.#procedure = procedure
    this.#request = request
    this.#form = form
  }

  /** The token of the control subject. */
  get control(): string | undefined {
    return this.#control
  }

  /**
   * Runs the call, and answers.
   *
   * @returns the error that the caller has got, if any
   */
  async run(): Promise<'answered' | 'cancelled' | CallFailure> {
    const { name, streams, idempotent, call } = this.#procedure
    const { timeoutMs } = this.#request
    let value: unknown
    try {
      if (timeoutMs === 0) throw bridgeFailure(FAILED.timedOut, 'TIMED_OUT', 'the deadline has passed.', false)
      value = this.#form.request.valueIn(this.#message.data)
    } catch (error) {
      return this.#fail(failureOf(error, name, idempotent))
    }
    try {
      const options = { signal: this.#gone.signal, ...(timeoutMs !== undefined && { timeoutMs }) }
      const answer = call(value, options)
      if (streams) await this.#stream(answer as AsyncIterable<unknown>)
      else this.#send(this.#form.answer.fromValue(await answer))
      return 'answered'
    } catch (error) {
      if (error === CANCELLED) return 'cancelled'
      return this.#fail(failureOf(error, name, idempotent))
    }
  }

  /** The caller has sent something to the control subject, or NATS tells there that nobody gets the replies. */
  hear(data: Uint8Array, isUnreachable: boolean): void {
    if (isUnreachable) {
      // Nobody listens for replies. A caller with a heartbeat may be about to come back.
      if (this.#request.heartbeatMs === undefined) this.#gone.abort(CANCELLED)
      return
    }
    const message = controlIn(data)
    if (message === undefined) return
    this.#deafPulses = 0
    if (message.kind === 'cancel') this.#gone.abort(CANCELLED)
    else if (message.parts > this.#takenParts && message.parts <= this.#parts) {
      this.#takenParts = message.parts
      this.#onTaken?.()
    }
  }

  pulse(): void {
    const { heartbeatMs } = this.#request
    this.#quietPulses++
    if (heartbeatMs === undefined) {
      if (this.#quietPulses * PULSE_MS < PLAIN_TIMEOUT_MS) return
      const message = `no answer of ${this.#procedure.name} within ${PLAIN_TIMEOUT_MS} ms.`
      this.#gone.abort(bridgeFailure(FAILED.timedOut, 'TIMED_OUT', message, true))
      return
    }
    this.#deafPulses++
    if (this.#deafPulses * PULSE_MS > heartbeatMs * SILENT_HEARTBEATS) this.#gone.abort(CANCELLED)
    // The first one soon: with it, the caller learns where to cancel.
    else if (this.#control === undefined || this.#quietPulses * PULSE_MS >= heartbeatMs) {
      this.#reply(new Uint8Array(0), statusHeaders('running'))
    }
  }

  async #stream(parts: AsyncIterable<unknown>): Promise<void> {
    let unflushed = 0
    let bytes = 0
    for await (const part of parts) {
      const data = this.#form.answer.fromValue(part)
      this.#checkLength(data)
      if (this.#request.window !== undefined) await this.#room(this.#request.window)
      else if (unflushed >= FLUSH_PARTS || bytes >= FLUSH_BYTES) {
        await abortable(this.#host.connection.flush(), this.#gone.signal)
        unflushed = 0
        bytes = 0
      }
      this.#parts++
      unflushed++
      bytes += data.length
      const numbered = headers()
      numbered.set(SEQUENCE, String(this.#parts))
      this.#reply(data, numbered)
    }
    const end = statusHeaders('end')
    end.set(SEQUENCE, String(this.#parts + 1))
    this.#message.respond(new Uint8Array(0), { headers: end })
  }

  /** Waits until another part may go. */
  async #room(window: number): Promise<void> {
    while (this.#parts - this.#takenParts >= window) {
      const taken = new Promise<void>((resolve) => {
        this.#onTaken = resolve
      })
      await abortable(taken, this.#gone.signal)
    }
  }

  /** Sends what is not the last reply. */
  #reply(data: Uint8Array, found: MsgHdrs): void {
    this.#quietPulses = 0
    this.sentBytes += data.length
    this.#control ??= this.#host.control(this)
    this.#message.respond(data, { headers: found, reply: this.#control })
  }

  #send(data: Uint8Array): void {
    this.#checkLength(data)
    this.sentBytes += data.length
    this.#message.respond(data)
  }

  #checkLength(data: Uint8Array): void {
    const { maxPayload } = this.#host
    if (data.length + ROOM_FOR_HEADERS <= maxPayload) return
    const text = `an answer of ${this.#procedure.name} has ${data.length} bytes, and the NATS server takes messages of ${maxPayload}.`
    throw bridgeFailure(FAILED.handler, 'TOO_LONG', text, true)
  }

  #fail(failure: CallFailure): CallFailure {
    respondFailure(this.#message, failure, this.#host.maxPayload)
    return failure
  }
}

const ROOM_FOR_HEADERS = 1024

/** Tells the caller how its call failed. */
export function respondFailure(message: Msg, failure: CallFailure, maxPayload: number): void {
  respondError(message, failure.status, failure.headerText, failure.encode(maxPayload - ROOM_FOR_HEADERS))
}

/** Why a call ends that its caller has given up: it gets no answer. */
const CANCELLED = refusal(new Error('the caller has given up this call'))

function statusHeaders(status: 'running' | 'end'): MsgHdrs {
  const result = headers()
  result.set(STATUS, status)
  return result
}
