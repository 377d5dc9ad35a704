import type { CallContext } from '@memlane/consumer'
import { now } from '@memlane/core/internal'
import type { AnyCodec, ProcedureDescriptor } from '@memlane/protocol'
import { type ApiDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import { createInbox, type NatsConnection, type Subscription } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../../config/route-config.js'
import { schemaHash } from '../../message/schema-store.js'
import type { WireForm } from '../../message/wire-form.js'
import type { RouteContext } from '../route.js'
import { CallFailure, FAILED } from './call-failure.js'
import { requestHeaders } from './call-request.js'
import { HEARTBEAT_MS, WINDOW_PARTS } from './call-wire.js'
import { FarCall, type FarCallHost } from './far-call.js'
import { Patience } from './patience.js'
import { ProcedureForms } from './procedure-forms.js'
import { Pulse } from './pulse.js'

type Context = CallContext<AnyCodec>

const ROOM_FOR_HEADERS = 1024

/** Calls the endpoints of a service, for the handlers of a local server. */
export class FarCalls implements FarCallHost {
  hasHeartbeats: boolean
  readonly timeoutMs: number
  /** Settles when a service has another API than this route. */
  readonly otherSchema: Promise<CallFailure>
  readonly #config: RouteConfigOf<'call-in'>
  readonly #context: RouteContext
  readonly #connection: NatsConnection
  readonly #descriptor: ApiDescriptor
  readonly #schema: string
  readonly #subjectOf: (procedure: string) => string
  readonly #inbox = createInbox()
  readonly #replies: Subscription
  readonly #calls = new Map<string, FarCall>()
  readonly #pulse = new Pulse()
  #count = 0
  #onOtherSchema: (failure: CallFailure) => void = () => {}

  /**
   * @param isBridge true if a bridge offers the service: then silence means death
   * @param subjectOf the subject of a procedure
   */
  constructor(
    config: RouteConfigOf<'call-in'>,
    context: RouteContext,
    connection: NatsConnection,
    descriptor: ApiDescriptor,
    isBridge: boolean,
    subjectOf: (procedure: string) => string,
  ) {
    this.#config = config
    this.#context = context
    this.#connection = connection
    this.#descriptor = descriptor
    this.#schema = schemaHash(encodeDescriptor(descriptor))
    this.#subjectOf = subjectOf
    this.timeoutMs = config.timeoutMs
    this.hasHeartbeats = isBridge
    this.otherSchema = new Promise((resolve) => {
      this.#onOtherSchema = resolve
    })
    this.#replies = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#calls.get(message.subject)?.receive(message)
      },
    })
  }

  /** A handler for each procedure. */
  handlers(): Record<string, (request: unknown, context: Context) => unknown> {
    const handlers = this.#descriptor.procedures.map((procedure) => {
      const forms = new ProcedureForms(procedure)
      const handler = procedure.streams
        ? (request: unknown, context: Context) => this.#stream(procedure, forms, request, context)
        : (request: unknown, context: Context) => this.#value(procedure, forms, request, context)
      return [procedure.name, handler] as const
    })
    return Object.fromEntries(handlers)
  }

  publish(subject: string, data: string): void {
    if (!this.#connection.isClosed()) this.#connection.publish(subject, data)
  }

  forget(call: FarCall): void {
    this.#calls.delete(call.inbox)
    this.#pulse.delete(call)
    this.#context.figures.inFlight = this.#calls.size
  }

  /** Takes no more replies. */
  close(): void {
    this.#replies.unsubscribe()
    for (const call of this.#calls.values()) this.#pulse.delete(call)
  }

  async #value(procedure: ProcedureDescriptor, forms: ProcedureForms, request: unknown, context: Context) {
    const form = forms.in(this.#config.encoding)
    const wire = this.#encoded(procedure, form.request, request)
    let patience = this.#patience(context)
    for (;;) {
      const call = await this.#send(procedure, wire, context, patience)
      try {
        const answer = await call.next()
        if (answer === undefined) throw new CallFailure(FAILED.handler, 'the service has sent no answer', {})
        return this.#decoded(procedure, form.answer, answer)
      } catch (error) {
        if (procedure.idempotent && error instanceof CallFailure && error.isDeath) patience = this.#patience(context)
        else if (!(error instanceof CallFailure) || !error.isUntaken) throw this.#told(error)
        await patience.pause(error)
        this.#context.figures.retries++
      } finally {
        call.cancel(undefined)
      }
    }
  }

  async *#stream(procedure: ProcedureDescriptor, forms: ProcedureForms, request: unknown, context: Context) {
    const form = forms.in(this.#config.encoding)
    const wire = this.#encoded(procedure, form.request, request)
    const patience = this.#patience(context)
    for (;;) {
      const call = await this.#send(procedure, wire, context, patience)
      try {
        for (let part = await call.next(); part !== undefined; part = await call.next()) {
          yield this.#decoded(procedure, form.answer, part)
        }
        this.#context.figures.forwarded++
        return
      } catch (error) {
        if (!(error instanceof CallFailure) || !error.isUntaken || call.hasParts) throw this.#told(error)
        await patience.pause(error)
        this.#context.figures.retries++
      } finally {
        call.cancel(undefined) // nothing, if it has ended
      }
    }
  }

  /** Sends a request as soon as the connection is there. */
  async #send({ name, streams }: ProcedureDescriptor, wire: Uint8Array, context: Context, patience: Patience) {
    await patience.untilUp()
    const { deadline, signal } = context
    signal.throwIfAborted()
    const { figures, origin } = this.#context
    const timeoutMs = deadline === Infinity ? undefined : Math.max(0, Math.floor(deadline - now()))
    const headers = requestHeaders(
      {
        encoding: this.#config.encoding,
        timeoutMs,
        heartbeatMs: HEARTBEAT_MS,
        window: streams ? WINDOW_PARTS : undefined,
        schema: this.#schema,
      },
      origin,
    )
    const call = new FarCall(this, `${this.#inbox}.${++this.#count}`, name, streams, signal)
    this.#calls.set(call.inbox, call)
    this.#pulse.add(call)
    figures.inFlight = this.#calls.size
    figures.bytes += wire.length
    this.#connection.publish(this.#subjectOf(name), wire, { reply: call.inbox, headers })
    return call
  }

  #patience({ signal, deadline }: Context): Patience {
    return new Patience(this.#context.link, signal, deadline, this.timeoutMs)
  }

  #encoded({ name }: ProcedureDescriptor, form: WireForm, request: unknown): Uint8Array {
    const wire = form.fromValue(request)
    const most = (this.#connection.info?.max_payload ?? 2 ** 20) - ROOM_FOR_HEADERS
    if (wire.length <= most) return wire
    throw new RangeError(`a request of ${name} has ${wire.length} bytes on the wire, and NATS takes ${most}`)
  }

  #decoded({ name, streams }: ProcedureDescriptor, form: WireForm, wire: Uint8Array): unknown {
    const { figures } = this.#context
    figures.bytes += wire.length
    try {
      const value = form.valueIn(wire)
      if (!streams) figures.forwarded++
      return value
    } catch (error) {
      figures.dropped.refused++
      throw new TypeError(`an answer of ${name} does not fit its schema: ${(error as Error).message}`)
    }
  }

  /** Returns the error. The route learns if it has the wrong API. */
  #told(error: unknown): unknown {
    if (error instanceof CallFailure && error.status === FAILED.otherSchema) this.#onOtherSchema(error)
    return error
  }
}
