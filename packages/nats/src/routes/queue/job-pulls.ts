import { steadyNow } from '@memlane/core/internal'
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from '@nats-io/nats-core'
import { type Delivery, deliveryOf } from '../../link/delivery.js'

/** How long the server keeps a request for jobs. */
const EXPIRES_MS = 5_000
/** A request is lost if the server has said nothing so long after that: for instance because its leader has changed. */
const GRACE_MS = 2_000
/** How long no request is made after the server has refused one. */
const PAUSE_MS = 500

/** Asks a durable consumer for jobs, by one request at a time. If the server has jobs, it answers at once. */
export class JobPulls {
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #inbox = createInbox()
  readonly #subscription: Subscription
  /** The request that the server has not answered in full. */
  #request: { readonly id: string; left: number; readonly lostAt: number } | undefined
  #count = 0
  #pausedUntil = 0
  #hasConsumer = true

  /** @param take gets each job when it comes */
  constructor(connection: NatsConnection, stream: string, durable: string, take: (job: Delivery) => void) {
    this.#connection = connection
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) return
        const job = deliveryOf(message)
        if (job === undefined) {
          this.#hear(message)
          return
        }
        if (this.#request !== undefined && --this.#request.left === 0) this.#request = undefined
        take(job)
      },
    })
  }

  /** False after the server has said that the durable consumer is gone. */
  get hasConsumer(): boolean {
    return this.#hasConsumer
  }

  /** Asks for jobs, unless a request is open or the server has just refused one. */
  ask(count: number): void {
    const time = steadyNow()
    if (time < this.#pausedUntil || (this.#request !== undefined && time < this.#request.lostAt)) return
    const id = String(++this.#count)
    this.#request = { id, left: count, lostAt: time + EXPIRES_MS + GRACE_MS }
    const request = JSON.stringify({ batch: count, expires: nanos(EXPIRES_MS) })
    this.#connection.publish(this.#subject, request, { reply: `${this.#inbox}.${id}` })
  }

  /** Forgets the request: the server has lost it together with the connection. */
  forget(): void {
    this.#request = undefined
  }

  close(): void {
    this.#subscription.unsubscribe()
  }

  /** A status ends its request: its time is over (408), or the server refuses it. */
  #hear({ subject, headers }: Msg): void {
    const code = headers?.code
    if (code === undefined || code === 100 || subject !== `${this.#inbox}.${this.#request?.id}`) return
    this.#request = undefined
    if (code === 408) return
    this.#pausedUntil = steadyNow() + PAUSE_MS
    if (/consumer (deleted|not found)/i.test(headers?.description ?? '')) this.#hasConsumer = false
  }
}
