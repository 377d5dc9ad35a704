/**
 * A bucket of JetStream → a latest of this machine, of which the bridge is the writer. Deletes and purges of keys are ignored: a value
 * of a latest stays until the next one.
 */

import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Payload } from '@memlane/inspect/internal'
import { payload } from '@memlane/protocol'
import { encodeDescriptor, keysIn } from '@memlane/protocol/internal'
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../config/route-config.js'
import { Backoff } from '../link/backoff.js'
import type { Delivery } from '../link/delivery.js'
import { PullSession } from '../link/pull-session.js'
import type { ReceivedFacts } from '../message/received-facts.js'
import { refusalLog } from '../message/refusal-log.js'
import { latestSchemaInFile } from '../message/schema-file.js'
import { KeptRecord } from '../state/kept-record.js'
import { streamOfBucket, subjectOf, subjectsOf } from './latest/bucket-key.js'
import { LocalLatest } from './latest/local-latest.js'
import type { RouteContext, RunRoute } from './route.js'

type Config = RouteConfigOf<'latest-in'>

const WINDOW = 256
const INACTIVE_MS = 60_000
/** The most bytes that the values of an announced schema may have together. A schema file may have longer ones. */
const LONGEST_VALUES = 2 ** 24

/** What the state file holds. */
interface Kept {
  /** The memory that has the values. */
  readonly instance: string
  /** When the bucket was made: another one of the same name counts its revisions anew. */
  readonly created: string
  /** The revision of each key that the memory has. */
  readonly revisions: Readonly<Record<string, number>>
}

export const runLatestIn: RunRoute<Config> = async (config, context) => {
  using route = new LatestIn(config, context)
  await route.run()
}

class LatestIn {
  readonly #config: Config
  readonly #context: RouteContext
  readonly #schema: Uint8Array | undefined
  readonly #record: KeptRecord<Kept>
  #kept: Kept
  #latest: LocalLatest | undefined
  /** The keys of the latest, by their subjects. */
  #keyOf: ReadonlyMap<string, string> = new Map()
  readonly #logRefusal: (text: string) => void

  constructor(config: Config, context: RouteContext) {
    this.#config = config
    this.#context = context
    this.#logRefusal = refusalLog(context.log)
    this.#schema = config.schemaFile === undefined ? undefined : encodeDescriptor(latestSchemaInFile(config.schemaFile))
    this.#record = new KeptRecord(join(context.folder, 'revisions'))
    this.#kept = this.#record.newest ?? { instance: '', created: '', revisions: {} }
  }

  async run(): Promise<void> {
    const { signal, figures, log } = this.#context
    const backoff = new Backoff()
    this.#open(this.#schema)
    while (!signal.aborted) {
      try {
        await this.#session(() => backoff.reset())
      } catch (error) {
        if (signal.aborted) return
        figures.restarts++
        figures.error = error instanceof Error ? error.message : String(error)
        log(`${figures.error}. The route asks for the newest values again.`)
      }
      await setTimeout(backoff.next(), undefined, { signal }).catch(() => {})
    }
  }

  [Symbol.dispose](): void {
    this.#latest?.close()
    this.#record.close()
  }

  /** Takes over values until something goes wrong. The first ones are the newest of all keys. */
  async #session(isWell: () => void): Promise<void> {
    const { link, signal, figures } = this.#context
    const { bucket, key, name } = this.#config
    const stream = streamOfBucket(bucket)
    const clients = await link.whenUp(signal)
    const { created } = await clients.manager.streams.info(stream)
    if (created !== this.#kept.created) this.#keep({ ...this.#kept, created, revisions: {} })
    const consumer = await clients.manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.LastPerSubject,
      filter_subject: /\{key\}/.test(key)
        ? filterOf(subjectOf(bucket, key, name, '*'))
        : subjectOf(bucket, key, name, ''),
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
    })
    using session = new PullSession(link, clients, stream, consumer.name, WINDOW, signal)
    figures.error = undefined
    for (;;) {
      for (const delivery of await session.next()) await this.#take(delivery)
      isWell()
    }
  }

  async #take({ message, facts, sequence }: Delivery): Promise<void> {
    const { figures, origin, signal } = this.#context
    const { headers, subject, data } = message
    if (headers?.get('KV-Operation') || headers?.get('Nats-Marker-Reason')) return
    if (facts.origin === origin) {
      figures.dropped.loop++
      return
    }
    try {
      this.#open(await this.#schemaOf(facts))
      const key = this.#keyOf.get(subject)
      const target = key === undefined ? undefined : this.#latest?.keys.get(key)
      if (key === undefined || target === undefined) throw new Refusal('the latest has no such key')
      if (sequence <= (this.#kept.revisions[key] ?? 0)) {
        figures.duplicates++
        return
      }
      if (!target.form.isKnown(facts)) await target.form.learn(facts, signal)
      try {
        target.writer.set(target.form.bytesOf(data, facts))
      } catch (error) {
        throw new Refusal(error instanceof Error ? error.message : String(error))
      }
      figures.forwarded++
      figures.bytes += data.length
      this.#keep({ ...this.#kept, revisions: { ...this.#kept.revisions, [key]: sequence } })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#refuse(`revision ${sequence} of ${subject}: ${error.message}`)
    }
  }

  /** Becomes the writer of the latest, if that is possible now. @throws SharedMemoryError if another writer lives */
  #open(schema: Uint8Array | undefined): void {
    if (this.#latest !== undefined) return
    const { name, bucket, key } = this.#config
    const latest = LocalLatest.open(name, schema, this.#context.schemas)
    if (latest === undefined) return
    this.#latest = latest
    this.#keyOf = subjectsOf(bucket, key, name, latest.keys.keys())
    if (latest.instance !== this.#kept.instance) this.#keep({ ...this.#kept, instance: latest.instance, revisions: {} })
  }

  /** The schema for a new latest. Values of other programs go to a latest of JSON. */
  async #schemaOf({ schema: hash }: ReceivedFacts): Promise<Uint8Array | undefined> {
    if (this.#latest !== undefined) return undefined
    if (hash === undefined) return encodeDescriptor(payload.json().descriptor)
    const found = await this.#context.schemas.find(hash, this.#context.signal)
    try {
      if (found !== undefined && isShort(found)) return encodeDescriptor(keysIn(found, 0).descriptor)
    } catch {} // some program wrote nonsense to the bucket
    throw new Refusal(`no bridge has announced the schema ${hash.slice(0, 16)}`)
  }

  #keep(kept: Kept): void {
    this.#kept = kept
    this.#record.write(kept)
  }

  #refuse(reason: string): void {
    this.#context.figures.dropped.refused++
    this.#logRefusal(`refused: ${reason}`)
  }
}

/** The sender chooses the schema, but it must not fill the memory of this machine. @throws LayoutError */
function isShort(schema: Uint8Array): boolean {
  const lengths = keysIn(schema, 0).members.map(({ payload }) => new Payload(payload).codec.fixedLength ?? 0)
  return lengths.reduce((sum, length) => sum + length, 0) <= LONGEST_VALUES
}

/** The value cannot go to the latest. */
class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** A pattern of NATS: there, `*` stands only for a whole token. */
function filterOf(subject: string): string {
  const tokens = subject.split('.')
  const index = tokens.findIndex((token) => token.includes('*') && token !== '*')
  return index === -1 ? subject : [...tokens.slice(0, index), '>'].join('.')
}
