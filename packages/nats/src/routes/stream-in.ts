/**
 * A subject of JetStream → streams of this machine: each message once, in the order of JetStream.
 *
 * Each batch goes like this: note in the state file which messages go to which lanes, and where the lanes stand; send them; note the
 * result; acknowledge. After a kill in between, the lanes tell which messages they got. The state file is the truth: each session makes
 * the durable consumer anew behind it, so JetStream never delivers out of order.
 */

import { setTimeout } from 'node:timers/promises'
import type { RouteConfigOf } from '../config/route-config.js'
import { Backoff } from '../link/backoff.js'
import type { Delivery } from '../link/delivery.js'
import { PullSession } from '../link/pull-session.js'
import { refusalLog } from '../message/refusal-log.js'
import { token } from '../message/subject-map.js'
import type { RouteContext, RunRoute } from './route.js'
import { type ConsumerPlace, renewConsumer } from './stream-in/consumer.js'
import type { LocalStream } from './stream-in/local-stream.js'
import { LocalStreams, NoTarget, type Target } from './stream-in/local-streams.js'
import { sequencesIn } from './stream-in/sequence-runs.js'
import { StreamPart } from './stream-in/stream-part.js'
import { StreamPosition } from './stream-in/stream-position.js'

type Config = RouteConfigOf<'stream-in'>

export const runStreamIn: RunRoute<Config> = async (config, context) => {
  using route = new StreamIn(config, context)
  await route.run()
}

class StreamIn {
  readonly #config: Config
  readonly #context: RouteContext
  readonly #place: ConsumerPlace
  readonly #position: StreamPosition
  readonly #streams: LocalStreams
  /** The last message that was delivered or skipped. */
  #seen = 0
  /** True while an error could leave a batch half sent: then only the state file and the lanes know how far the route has come. */
  #isSending = false
  readonly #logRefusal: (text: string) => void

  constructor(config: Config, context: RouteContext) {
    const { name, subject, jetstream, durable = `${context.origin}_${token(name)}` } = config
    this.#config = config
    this.#context = context
    this.#logRefusal = refusalLog(context.log)
    this.#place = { jetstream, durable, subject }
    this.#streams = new LocalStreams(config, context)
    this.#position = new StreamPosition(context.folder)
  }

  /** Runs until the signal aborts. @throws an error after which the lanes must be asked again how far the route has come */
  async run(): Promise<void> {
    const { signal, figures, log } = this.#context
    this.#recover()
    this.#streams.openFixed()
    const backoff = new Backoff()
    while (!signal.aborted) {
      try {
        await this.#session(() => backoff.reset())
      } catch (error) {
        if (signal.aborted) return
        if (this.#isSending) throw error
        figures.restarts++
        figures.error = error instanceof Error ? error.message : String(error)
        log(`${figures.error}. The route asks for the messages again.`)
      }
      await setTimeout(backoff.next(), undefined, { signal }).catch(() => {})
    }
  }

  [Symbol.dispose](): void {
    this.#streams.close()
    this.#position.close()
  }

  /** Finds out what became of the batch that a kill has interrupted. */
  #recover(): void {
    const { interrupted } = this.#position
    if (interrupted.length === 0) return
    const left = interrupted.flatMap((part) => this.#streams.recover(part, sequencesIn(part.sequences)))
    this.#position.settle(left, this.#streams.unsure)
  }

  /** Carries messages until something goes wrong. */
  async #session(isWell: () => void): Promise<void> {
    const { link, signal, figures, log } = this.#context
    const clients = await link.whenUp(signal)
    const { isWhole, acknowledgesAll } = await renewConsumer(clients, this.#place, this.#position, log)
    this.#seen = this.#position.next - 1
    const { jetstream, durable } = this.#place
    using session = new PullSession(link, clients, jetstream, durable, this.#config.window, signal)
    figures.error = undefined
    for (;;) {
      const deliveries = await session.next()
      const last = deliveries.at(-1) as Delivery
      figures.inFlight = deliveries.length
      figures.lag = last.pending + deliveries.length + session.waiting
      for (const delivery of deliveries) {
        if (!this.#isPrepared(delivery)) await this.#prepare(delivery)
      }
      await this.#carry(deliveries, isWhole)
      for (const delivery of acknowledgesAll ? [last] : deliveries) session.acknowledge(delivery)
      figures.inFlight = 0
      figures.lag = last.pending + session.waiting
      isWell()
    }
  }

  #isPrepared({ message, facts }: Delivery): boolean {
    return facts.origin === this.#context.origin || this.#streams.targetOf(message)?.form.isKnown(facts) === true
  }

  /** Opens the stream of a message, and finds the schema of its sender. */
  async #prepare({ message, facts }: Delivery): Promise<void> {
    try {
      const { form } = await this.#streams.openFor(message, facts)
      if (!form.isKnown(facts)) await form.learn(facts, this.#context.signal)
    } catch (error) {
      if (!(error instanceof NoTarget)) throw error
    }
  }

  async #carry(deliveries: readonly Delivery[], isWhole: boolean): Promise<void> {
    const parts = new Map<LocalStream, StreamPart>()
    this.#isSending = true
    for (const delivery of deliveries) {
      this.#countMissed(delivery, isWhole)
      if (!this.#position.take(delivery.sequence)) {
        this.#context.figures.duplicates++
        continue
      }
      const target = this.#streams.targetOf(delivery.message)
      const bytes = this.#bytesOf(delivery, target)
      if (target === undefined || bytes === undefined) continue
      let part = parts.get(target.stream)
      if (part === undefined) {
        part = new StreamPart(target.stream)
        parts.set(target.stream, part)
      }
      part.add(delivery.sequence, bytes)
    }
    await this.#send([...parts.values()], deliveries.at(-1) as Delivery)
    this.#isSending = false
  }

  /** Sends the parts. Waits for room. */
  async #send(parts: readonly StreamPart[], { sequence, time }: Delivery): Promise<void> {
    const { figures, signal } = this.#context
    for (let rest = parts; ; ) {
      this.#position.intend(
        sequence,
        Number(time.slice(0, -6)),
        rest.map(({ intent }) => intent),
        this.#streams.unsure,
      )
      if (rest.length === 0) return
      for (const part of rest) figures.forwarded += part.send()
      rest = rest.filter(({ left }) => left.length > 0)
      this.#position.settle(
        rest.flatMap(({ left }) => left),
        this.#streams.unsure,
      )
      if (rest.length === 0) return
      const enough = new AbortController()
      const either = AbortSignal.any([signal, enough.signal])
      const waits = rest.map((part) => part.ready(either))
      await Promise.race(waits).finally(() => enough.abort())
      await Promise.allSettled(waits)
    }
  }

  #countMissed({ sequence }: Delivery, isWhole: boolean): void {
    const { dropped } = this.#context.figures
    dropped.missed += this.#position.skipTo(sequence)
    if (isWhole) dropped.missed += Math.max(0, sequence - 1 - Math.max(this.#seen, this.#position.last))
    this.#seen = sequence
  }

  /** The bytes that the local stream gets; undefined if it gets none. */
  #bytesOf({ message, facts, sequence }: Delivery, target: Target | undefined): Uint8Array | undefined {
    const { figures } = this.#context
    const { data } = message
    if (facts.origin === this.#context.origin) {
      figures.dropped.loop++
      return undefined
    }
    try {
      if (target === undefined) throw new NoTarget(`no stream takes messages of the subject ${message.subject}`)
      const bytes = target.form.bytesOf(data, facts)
      const { maxMessageLength } = target.stream.writer
      if (bytes.length > maxMessageLength)
        throw new RangeError(`${bytes.length} bytes are more than ${maxMessageLength}`)
      if (target.sentBefore?.has(sequence, bytes)) {
        figures.duplicates++
        return undefined
      }
      figures.bytes += data.length
      return bytes
    } catch (error) {
      this.#refuse(sequence, error)
      return undefined
    }
  }

  #refuse(sequence: number, error: unknown): void {
    this.#context.figures.dropped.refused++
    this.#logRefusal(`message ${sequence} is refused: ${error instanceof Error ? error.message : error}`)
  }
}
