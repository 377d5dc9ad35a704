/**
 * A queue into a work queue of JetStream. The bridge is one of the queue's consumers. It holds a message until JetStream has it, and
 * acknowledges it only then: a bridge that dies leaves its messages to the next consumer. `Nats-Msg-Id` is the same each time that a
 * message is published, so JetStream stores it once within its duplicate window.
 *
 * The bridge takes nothing while the network is down, and at most `window` messages before it notices. It keeps those: JetStream may have
 * them, so no local worker may get them. All other messages go to the local workers.
 */

import { setTimeout } from 'node:timers/promises'
import { type Delivery, openQueue, type QueueReader } from '@memlane/consumer'
import { clearInterval, setInterval } from '@memlane/core/internal'
import type { PayloadDescriptor, UnknownSchema } from '@memlane/protocol'
import { JetStreamApiError } from '@nats-io/jetstream'
import { InvalidArgumentError } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../config/route-config.js'
import { abortable } from '../link/abortable.js'
import { Backoff } from '../link/backoff.js'
import type { Clients } from '../link/link.js'
import { problemText } from '../link/problem-text.js'
import { sharedController } from '../link/shared-controller.js'
import { headersOf } from '../message/headers.js'
import { filled, patternOf, token } from '../message/subject-map.js'
import { type WireForm, wireForm } from '../message/wire-form.js'
import { workQueueStream } from './queue/work-queue-stream.js'
import type { RouteContext, RunRoute } from './route.js'

/** How long the bridge waits for an answer before it publishes again. */
const ANSWER_MS = 5_000
/** How long a bridge that stops waits for answers. */
const STOP_MS = 3_000
const FIGURES_MS = 500

type Config = RouteConfigOf<'queue-out'>
type Job = Delivery<UnknownSchema>

export const runQueueOut: RunRoute<Config> = async (config, context) => {
  const { link, schemas, signal } = context
  const clients = await link.whenUp(signal)
  const subjects = patternOf(config.subject)
  await workQueueStream(clients, { jetstream: config.jetstream, subjects, create: config.create })
  const reader = await openQueue(config.name, undefined, { signal })
  try {
    const descriptor = reader.descriptor
    const schema = await schemas.announce(descriptor, signal)
    await new QueueOut(config, context, clients, reader, descriptor, schema).run()
  } finally {
    await reader.close({ timeoutMs: 0 }) // gives back what was not published, as if it had not been taken
  }
}

class QueueOut {
  readonly #config: Config
  readonly #context: RouteContext
  readonly #clients: Clients
  readonly #reader: QueueReader<UnknownSchema>
  readonly #form: WireForm
  readonly #schema: string
  readonly #subject: string
  /** Messages without an answer. */
  readonly #inFlight = new Set<Promise<void>>()
  #freed = () => {}
  /** Aborts when the answers are no longer waited for. */
  readonly #end = sharedController()
  /** Aborts when no more answers come: the connection is down, or the route ends. */
  #connected = sharedController()

  constructor(
    config: Config,
    context: RouteContext,
    clients: Clients,
    reader: QueueReader<UnknownSchema>,
    descriptor: PayloadDescriptor,
    schema: string,
  ) {
    this.#config = config
    this.#context = context
    this.#clients = clients
    this.#reader = reader
    this.#form = wireForm(descriptor, config.encoding)
    this.#schema = schema
    this.#subject = filled(config.subject, { name: token(config.name) })
  }

  async run(): Promise<void> {
    const { link, signal, figures } = this.#context
    const count = setInterval(() => {
      figures.lag = this.#reader.stats().ready
    }, FIGURES_MS)
    const stopListening = link.onChange((isUp) => {
      if (!isUp) this.#disconnect()
    })
    try {
      while (!signal.aborted) {
        await link.whenUp(signal)
        await this.#takeWhileUp()
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      clearInterval(count)
      const patience = new AbortController()
      const end = () => {
        this.#end.abort(new Error('the bridge stops'))
        this.#disconnect()
      }
      void setTimeout(STOP_MS, undefined, { signal: patience.signal }).then(end, () => {})
      await Promise.all(this.#inFlight)
      patience.abort()
      stopListening()
      figures.inFlight = 0
    }
  }

  #disconnect(): void {
    this.#connected.abort(new Error('no answer comes any more'))
    this.#connected = sharedController()
  }

  /** Takes and publishes, until the connection is down or the route ends. */
  async #takeWhileUp(): Promise<void> {
    const { link, signal, figures } = this.#context
    const until = AbortSignal.any([signal, this.#connected.signal])
    try {
      while (link.isUp) {
        if (this.#inFlight.size >= this.#config.window) {
          const freed = new Promise<void>((resolve) => {
            this.#freed = resolve
          })
          await abortable(freed, until)
          continue
        }
        const job = await this.#reader.take({ signal: until })
        if (job === undefined) continue
        const sent = this.#send(job).finally(() => {
          this.#inFlight.delete(sent)
          figures.inFlight = this.#inFlight.size
          this.#freed()
        })
        this.#inFlight.add(sent)
        figures.inFlight = this.#inFlight.size
      }
    } catch (error) {
      if (!until.aborted) throw error
    }
  }

  /** Publishes a message until JetStream has it, and then acknowledges it. Never rejects. */
  async #send(job: Job): Promise<void> {
    const { figures, log } = this.#context
    try {
      const payload = this.#encoded(job)
      if (payload === undefined || !(await this.#publish(job, payload))) return
      job.ack()
      figures.forwarded++
      figures.bytes += payload.length
    } catch (error) {
      // The queue has maxProcessingMs, and another consumer has the message now.
      log(problemText(error))
    }
  }

  #encoded(job: Job): Uint8Array | undefined {
    try {
      return this.#form.fromValue(job.value)
    } catch (error) {
      this.#refuse(job, error)
      return undefined
    }
  }

  /** @returns false if the message was refused, or if the route ends first */
  async #publish(job: Job, payload: Uint8Array): Promise<boolean> {
    const { link, figures, origin } = this.#context
    const { signal } = this.#end
    const { id } = job
    const [instance, producer] = id.split('-')
    const options = {
      headers: headersOf({
        id,
        origin,
        schema: this.#schema,
        producer: `${instance}/${producer}`,
        encoding: this.#config.encoding,
      }),
      expect: { streamName: this.#config.jetstream },
      timeout: ANSWER_MS,
    }
    const backoff = new Backoff()
    try {
      for (;;) {
        await link.whenUp(signal)
        try {
          const { duplicate } = await abortable(
            this.#clients.jetstream.publish(this.#subject, payload, options),
            this.#connected.signal,
          )
          if (duplicate) figures.duplicates++
          figures.error = undefined
          return true
        } catch (error) {
          if (signal.aborted) throw error
          if (isTooLarge(error)) {
            this.#refuse(job, error)
            return false
          }
          this.#note(error)
          figures.retries++
          await setTimeout(backoff.next(), undefined, { signal })
        }
      }
    } catch {
      // The route ends, and JetStream may have the message. Giving it back as undelivered would change its id.
      if (job.deliveryCount < this.#reader.maxDeliveries)
        job.retry({ reason: 'the bridge stopped before JetStream had answered' })
      return false
    }
  }

  /** Makes a dead letter of a message that JetStream can never have. */
  #refuse(job: Job, error: unknown): void {
    const reason = problemText(error)
    this.#context.figures.dropped.refused++
    this.#context.log(`a message became a dead letter: ${reason}`)
    job.reject(`not for JetStream: ${reason}`)
  }

  /** Tells the operator about an answer that is not about the connection: for instance that the stream is full. */
  #note(error: unknown): void {
    const { figures, log } = this.#context
    const text = problemText(error)
    if (!(error instanceof JetStreamApiError) || figures.error === text) return
    figures.error = text
    log(text)
  }
}

/** JetStream's code for a message above the limit of its stream. */
const ABOVE_LIMIT = 10_054

/** Tells whether the server or the stream can never take a message of that length. */
function isTooLarge(error: unknown): boolean {
  return error instanceof InvalidArgumentError || (error instanceof JetStreamApiError && error.code === ABOVE_LIMIT)
}
