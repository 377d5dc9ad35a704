import { clearInterval, setImmediate, setInterval, steadyNow } from '@memlane/core/internal'
import { createInbox, type Msg, nanos, type Subscription } from '@nats-io/nats-core'
import { type Delivery, deliveryOf } from './delivery.js'
import type { Clients, Link } from './link.js'

const EXPIRES_MS = 30_000
const HEARTBEAT_MS = 5_000
const SILENCE_MS = 2.5 * HEARTBEAT_MS
/** About so many bytes are asked for at a time. */
const BYTES_AHEAD = 4 * 2 ** 20

/** The server has sent `max_bytes`: "Message Size Exceeds MaxBytes", or "Batch Completed" if they were reached exactly. */
const BYTES_SENT = /MaxBytes|Batch Completed/i

/** Why a session has ended: the next one goes on where it was. */
export class SessionEnd extends Error {
  override readonly name = 'SessionEnd'
}

/**
 * The deliveries of one consumer, from its first one on and without a gap. The session ends at the first sign of trouble: a new one, with
 * a consumer made anew, is simpler than to find out which deliveries were lost.
 */
export class PullSession {
  readonly #clients: Clients
  readonly #subject: string
  readonly #inbox: string
  readonly #subscription: Subscription
  readonly #watch: NodeJS.Timeout
  readonly #window: number
  readonly #signal: AbortSignal
  readonly #stopListening: () => void
  #queue: Delivery[] = []
  /** Messages asked for that have not come. */
  #asked = 0
  #count = 0
  #averageBytes = 1024
  #lastSign = steadyNow()
  #end: SessionEnd | undefined
  #wake: (() => void) | undefined

  /** @param window the most messages that are asked for at a time */
  constructor(link: Link, clients: Clients, stream: string, durable: string, window: number, signal: AbortSignal) {
    this.#clients = clients
    this.#signal = signal
    this.#window = window
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`
    this.#inbox = createInbox()
    this.#subscription = clients.connection.subscribe(this.#inbox, {
      callback: (error, message) => (error === null ? this.#take(message) : this.#stop(error.message)),
    })
    this.#stopListening = link.onChange((isUp) => isUp || this.#stop('the connection is lost'))
    this.#watch = setInterval(() => {
      if (this.#asked > 0 && steadyNow() - this.#lastSign > SILENCE_MS) this.#stop('the server is silent')
    }, HEARTBEAT_MS / 2)
    signal.addEventListener('abort', this.#abort)
  }

  /** Messages that have come and were not taken. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Waits for messages. Takes all that are there. The caller is done with those before.
   *
   * @throws SessionEnd; the signal's reason
   */
  async next(): Promise<readonly Delivery[]> {
    this.#ask()
    while (this.#queue.length === 0 && this.#end === undefined && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#signal.throwIfAborted()
    if (this.#end !== undefined) throw this.#end
    return this.#queue.splice(0)
  }

  acknowledge({ message }: Delivery): void {
    if (this.#end === undefined) message.respond()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch)
    this.#stopListening()
    this.#subscription.unsubscribe()
    this.#signal.removeEventListener('abort', this.#abort)
  }

  readonly #abort = () => this.#wake?.()

  #ask(): void {
    const most = Math.max(1, Math.min(this.#window, Math.floor(BYTES_AHEAD / this.#averageBytes)))
    const batch = most - this.#asked - this.#queue.length
    if (this.#end !== undefined || batch < most / 2) return
    const { connection } = this.#clients
    const request = {
      batch,
      // The average says nothing about the next messages. The longest one must be let through.
      max_bytes: BYTES_AHEAD + (connection.info?.max_payload ?? 0),
      expires: nanos(EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    }
    if (this.#asked === 0) this.#lastSign = steadyNow()
    this.#asked += batch
    connection.publish(this.#subject, JSON.stringify(request), { reply: this.#inbox })
  }

  #take(message: Msg): void {
    if (this.#end !== undefined) return
    this.#lastSign = steadyNow()
    const delivery = message.subject === this.#inbox ? undefined : deliveryOf(message)
    if (delivery === undefined) {
      this.#takeStatus(message)
      return
    }
    this.#asked--
    if (delivery.count !== ++this.#count) {
      this.#stop('a delivery was lost')
      return
    }
    this.#averageBytes += (message.data.length - this.#averageBytes) / 16
    if (this.#queue.push(delivery) === 1) setImmediate(() => this.#wake?.())
  }

  #takeStatus({ headers }: Msg): void {
    const code = headers?.code ?? 0
    if (code === 100) return
    const left = Number(headers?.get('Nats-Pending-Messages') || 0)
    const isOver = code === 404 || code === 408 || (code === 409 && BYTES_SENT.test(headers?.description ?? ''))
    if (isOver) {
      this.#asked = Math.max(0, this.#asked - left)
      this.#ask()
    } else this.#stop(code === 503 ? 'the consumer is not there' : `the server says: ${headers?.description ?? code}`)
  }

  #stop(reason: string): void {
    this.#end ??= new SessionEnd(reason)
    this.#wake?.()
  }
}
