/**
 * A service of NATS, as its tools find it: `nats micro ls`, `info`, `stats`, `ping`. The formats are those of NATS' own libraries. The one for
 * JavaScript, `@nats-io/services`, counts neither the time nor the errors of handlers that are not done when they return.
 */

import { steadyNow } from '@memlane/core/internal'
import { headers, type Msg, type NatsConnection, nuid, type Subscription } from '@nats-io/nats-core'

export const SERVICE_ERROR = 'Nats-Service-Error'
export const SERVICE_ERROR_CODE = 'Nats-Service-Error-Code'

/** The queue group that services of NATS have by default: each request goes to one of them. */
const QUEUE_GROUP = 'q'

type Metadata = Readonly<Record<string, string>>

export interface ServiceFacts {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly metadata: Metadata
}

/** Ends a request. `error` is what the caller has got, in one line. */
export type EndRequest = (error?: string) => void

export interface EndpointFacts {
  readonly name: string
  readonly subject: string
  readonly metadata: Metadata
  /** Gets each request, and calls `end` when it has answered. */
  readonly onRequest: (request: Msg, end: EndRequest) => void
}

interface Endpoint {
  readonly facts: EndpointFacts
  readonly subscription: Subscription
  requests: number
  errors: number
  lastError: string
  totalMs: number
}

/** Endpoints, and what tells about them. */
export class NatsService {
  readonly #connection: NatsConnection
  readonly #facts: ServiceFacts
  readonly #id = nuid.next()
  readonly #started = new Date().toISOString()
  readonly #endpoints: Endpoint[] = []
  readonly #told: Subscription[] = []
  #isStopped = false
  /** Settles if the server refuses a subscription. */
  readonly failed: Promise<Error>
  #onFailed: (error: Error) => void = () => {}

  constructor(connection: NatsConnection, facts: ServiceFacts) {
    this.#connection = connection
    this.#facts = facts
    this.failed = new Promise((resolve) => {
      this.#onFailed = resolve
    })
    this.#tell('PING', () => this.#identity('ping'))
    this.#tell('INFO', () => this.#info())
    this.#tell('STATS', () => this.#stats())
  }

  /** Takes requests of a subject. */
  add(facts: EndpointFacts): void {
    const subscription = this.#connection.subscribe(facts.subject, {
      queue: QUEUE_GROUP,
      callback: (error, message) => {
        if (error !== null) this.#onFailed(error)
        else this.#run(endpoint, message)
      },
    })
    const endpoint: Endpoint = { facts, subscription, requests: 0, errors: 0, lastError: '', totalMs: 0 }
    this.#endpoints.push(endpoint)
  }

  /** Takes no more requests. What is under way from the server to here is still taken; waits for that. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    const all = [...this.#endpoints.map(({ subscription }) => subscription), ...this.#told]
    await Promise.allSettled(all.map((each) => each.drain()))
  }

  #run(endpoint: Endpoint, request: Msg): void {
    const start = steadyNow()
    endpoint.requests++
    const end = (error?: string) => {
      endpoint.totalMs += steadyNow() - start
      if (error === undefined) return
      endpoint.errors++
      endpoint.lastError = error
    }
    try {
      endpoint.facts.onRequest(request, end)
    } catch (error) {
      end(String(error)) // the connection was closed
    }
  }

  /** Answers those who ask for all services, for those of this name, and for this one. */
  #tell(verb: string, facts: () => object): void {
    const { name } = this.#facts
    for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${this.#id}`]) {
      const callback = (error: Error | null, message: Msg) => {
        if (error !== null) this.#onFailed(error)
        else if (!this.#connection.isClosed()) message.respond(JSON.stringify(facts()))
      }
      this.#told.push(this.#connection.subscribe(subject, { callback }))
    }
  }

  #identity(type: 'ping' | 'info' | 'stats'): object {
    const { name, version, metadata } = this.#facts
    return { type: `io.nats.micro.v1.${type}_response`, name, id: this.#id, version, metadata }
  }

  #info(): object {
    const endpoints = this.#endpoints.map(({ facts: { name, subject, metadata } }) => {
      return { name, subject, queue_group: QUEUE_GROUP, metadata }
    })
    return { ...this.#identity('info'), description: this.#facts.description, endpoints }
  }

  #stats(): object {
    const endpoints = this.#endpoints.map(({ facts: { name, subject }, requests, errors, lastError, totalMs }) => {
      const processing = Math.round(totalMs * 1e6)
      return {
        name,
        subject,
        queue_group: QUEUE_GROUP,
        num_requests: requests,
        num_errors: errors,
        last_error: lastError,
        processing_time: processing,
        average_processing_time: requests === 0 ? 0 : Math.round(processing / requests),
      }
    })
    return { ...this.#identity('stats'), started: this.#started, endpoints }
  }
}

/** Tells whether NATS says that nobody gets what was sent. The headers may be anything. */
export function isNoResponders(message: Msg): boolean {
  try {
    return message.data.length === 0 && message.headers?.code === 503
  } catch {
    return false
  }
}

/** Answers a request with an error. */
export function respondError(request: Msg, code: number, text: string, data: Uint8Array): void {
  const found = headers()
  found.set(SERVICE_ERROR_CODE, String(code))
  found.set(SERVICE_ERROR, text)
  request.respond(data, { headers: found })
}
