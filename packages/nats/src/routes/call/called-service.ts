import type { CallClient } from '@memlane/producer'
import type { Procedures } from '@memlane/protocol'
import { type ApiDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import { createInbox, type Msg, type NatsConnection, nuid, type Subscription } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../../config/route-config.js'
import { within } from '../../link/within.js'
import { schemaHash } from '../../message/schema-store.js'
import { filled, token } from '../../message/subject-map.js'
import type { RouteContext } from '../route.js'
import { bridgeFailure, type CallFailure, FAILED, refusal } from './call-failure.js'
import { type CallRequest, requestIn } from './call-request.js'
import { API_TOKEN, SEQUENCE, STATUS } from './call-wire.js'
import { type CallHost, ForwardedCall, type OfferedProcedure, respondFailure } from './forwarded-call.js'
import { type EndpointFacts, type EndRequest, isNoResponders, NatsService } from './nats-service.js'
import { ProcedureForms } from './procedure-forms.js'
import { Pulse } from './pulse.js'

/** How long `stop` waits for running calls, in milliseconds. */
const STOP_MS = 5000
/** And then for their errors to be sent. */
const LAST_ANSWERS_MS = 1000

/** What a service is made of. */
export interface ServiceParts {
  readonly config: RouteConfigOf<'call-out'>
  readonly context: RouteContext
  readonly connection: NatsConnection
  readonly client: CallClient<Procedures>
  readonly descriptor: ApiDescriptor
}

/** The procedures of local servers, as endpoints of a service of NATS. */
export class CalledService implements CallHost {
  readonly connection: NatsConnection
  readonly #parts: ServiceParts
  readonly #schema: string
  readonly #service: NatsService
  readonly #running = new Set<ForwardedCall>()
  readonly #pulse = new Pulse()
  readonly #inbox = createInbox()
  readonly #controlled = new Map<string, ForwardedCall>()
  readonly #controls: Subscription
  #onIdle: (() => void) | undefined

  /**
   * Offers the procedures.
   *
   * @throws RangeError if two procedures have the same subject
   */
  constructor(parts: ServiceParts, allowed: (procedure: string) => boolean) {
    const { config, context, connection, client, descriptor } = parts
    const encoded = encodeDescriptor(descriptor)
    this.#parts = parts
    this.connection = connection
    this.#schema = schemaHash(encoded)
    const subjectOf = (procedure: string) => filled(config.subject, { name: token(config.name), procedure })
    const apiFacts = { name: 'memlane-api', subject: subjectOf(API_TOKEN), metadata: {} }
    const endpoints: EndpointFacts[] = [
      {
        ...apiFacts,
        onRequest: (request, end) => {
          request.respond(encoded)
          end()
        },
      },
    ]
    for (const procedure of descriptor.procedures) {
      const { name, streams, idempotent } = procedure
      if (!allowed(name)) continue
      const offered = { name, streams, idempotent, call: Reflect.get(client, name) as OfferedProcedure['call'] }
      const forms = new ProcedureForms(procedure)
      endpoints.push({
        name: serviceName(name),
        subject: subjectOf(token(name)),
        metadata: { procedure: name, streams: String(streams), idempotent: String(idempotent) },
        onRequest: (request, end) => this.#take(request, offered, forms, end),
      })
    }
    checkSubjects(endpoints)
    this.#service = new NatsService(connection, {
      name: serviceName(config.name),
      version: '1.0.0',
      description: `The calls of "${config.name}", offered by a bridge of memlane`,
      metadata: { 'memlane-name': config.name, 'memlane-origin': context.origin, 'memlane-schema': this.#schema },
    })
    for (const endpoint of endpoints) this.#service.add(endpoint)
    this.#controls = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) return
        const { subject, data } = message
        this.#controlled.get(subject)?.hear(data, isNoResponders(message))
      },
    })
  }

  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 2 ** 20
  }

  /** Settles if the server refuses a subscription. */
  get failed(): Promise<Error> {
    return this.#service.failed
  }

  control(call: ForwardedCall): string {
    const subject = `${this.#inbox}.${nuid.next()}`
    this.#controlled.set(subject, call)
    return subject
  }

  /** Takes no more calls, waits for those that run, and closes the local client: then the others fail. */
  async stop(waitMs: number = STOP_MS): Promise<void> {
    const { client, context } = this.#parts
    // Without a connection, it would wait for the next one.
    await within(this.#service.stop(), context.link.isUp ? waitMs : 0)
    if (waitMs > 0) await within(this.#idle(), waitMs)
    client.close()
    await within(this.#idle(), LAST_ANSWERS_MS)
    for (const call of this.#running) this.#pulse.delete(call)
    this.#controls.unsubscribe()
  }

  async #idle(): Promise<void> {
    if (this.#running.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  #take(message: Msg, procedure: OfferedProcedure, forms: ProcedureForms, end: EndRequest): void {
    const { config, context } = this.#parts
    const { figures } = context
    const fail = (failure: CallFailure) => {
      respondFailure(message, failure, this.maxPayload)
      end(failure.headerText)
    }
    let request: CallRequest
    try {
      // A reply is no request: a bridge must not be made to answer answers.
      const isReply = message.headers !== undefined && (message.headers.has(STATUS) || message.headers.has(SEQUENCE))
      if (!message.reply || isReply) {
        figures.dropped.refused++
        end('not a request')
        return
      }
      request = requestIn(message, config.encoding)
    } catch (error) {
      figures.dropped.refused++
      fail(refusal(error))
      return
    }
    if (request.encoding === 'raw' && request.schema !== this.#schema) {
      figures.dropped.refused++
      const text = `the caller sends raw bytes of the API ${request.schema || '(not named)'}, and this is ${this.#schema}.`
      fail(bridgeFailure(FAILED.otherSchema, 'SCHEMA_MISMATCH', text, false))
      return
    }
    if (this.#running.size >= config.concurrency) {
      const text = `the bridge runs ${config.concurrency} calls of "${config.name}" already.`
      fail(bridgeFailure(FAILED.unavailable, 'BUSY', text, false))
      return
    }
    const call = new ForwardedCall(this, message, procedure, request, forms.in(request.encoding))
    this.#running.add(call)
    this.#pulse.add(call)
    figures.inFlight = this.#running.size
    void this.#run(call, message.data.length, end)
  }

  async #run(call: ForwardedCall, requestLength: number, end: EndRequest): Promise<void> {
    const { figures, log } = this.#parts.context
    let failed: string | undefined
    try {
      const outcome = await call.run()
      if (outcome === 'answered') figures.forwarded++
      else if (outcome !== 'cancelled') {
        if (outcome.status === FAILED.refused) figures.dropped.refused++
        failed = outcome.headerText
      }
    } catch (error) {
      failed = `an answer could not be sent: ${error instanceof Error ? error.message : String(error)}`
      log(failed)
    } finally {
      end(failed)
      figures.bytes += requestLength + call.sentBytes
      this.#running.delete(call)
      this.#pulse.delete(call)
      if (call.control !== undefined) this.#controlled.delete(call.control)
      figures.inFlight = this.#running.size
      if (this.#running.size === 0) this.#onIdle?.()
    }
  }
}

/** Names of services and endpoints have only letters, digits, "-" and "_". */
function serviceName(name: string): string {
  return name.replaceAll(/[^-\w]/g, '_')
}

/** @throws RangeError if two endpoints have the same subject */
function checkSubjects(endpoints: readonly EndpointFacts[]): void {
  const names = new Map<string, string>()
  for (const { name, subject } of endpoints) {
    const other = names.get(subject)
    if (other !== undefined) throw new RangeError(`${other} and ${name} would both have the subject ${subject}`)
    names.set(subject, name)
  }
}
