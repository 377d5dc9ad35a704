/**
 * A latest of this machine → a bucket of JetStream. Only the newest value of a key counts: values that come while the last one travels,
 * while the network is away, or before `minIntervalMs` have passed, are skipped.
 */

import { setTimeout } from 'node:timers/promises'
import { type BoardReader, openLatest, type UnknownKeys } from '@memlane/consumer'
import { SharedMemoryError } from '@memlane/core'
import { inspect, type LatestInspection } from '@memlane/inspect'
import type { SchemaDescriptor } from '@memlane/protocol'
import { encodeDescriptor, keysIn } from '@memlane/protocol/internal'
import { JetStreamApiError, StorageType } from '@nats-io/jetstream'
import type { RouteConfigOf } from '../config/route-config.js'
import { abortable } from '../link/abortable.js'
import { Backoff } from '../link/backoff.js'
import type { Clients, Link } from '../link/link.js'
import { headersOf, MESSAGE_ID } from '../message/headers.js'
import { type WireForm, wireForm } from '../message/wire-form.js'
import { streamOfBucket, subjectsOf } from './latest/bucket-key.js'
import type { RouteContext, RunRoute } from './route.js'

type Config = RouteConfigOf<'latest-out'>

const TIMEOUT_MS = 5_000
/** How often to look for a new writer of memory whose writer has ended. */
const REOPEN_MS = 500
/** JetStream's code for a message that is longer than it admits. */
const TOO_LONG = 10_054

export const runLatestOut: RunRoute<Config> = async (config, context) => {
  const { signal } = context
  const sent = new Map<string, string>()
  while (!signal.aborted) {
    try {
      await carryOnce(config, context, sent)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    await setTimeout(REOPEN_MS, undefined, { signal }).catch(() => {})
  }
}

/** Carries values until the writer ends. */
async function carryOnce(config: Config, context: RouteContext, sent: Map<string, string>): Promise<void> {
  using reader = await openLatest(config.name, undefined, { endOn: 'closed', signal: context.signal })
  const { instance, schema } = inspect(config.name, { processes: false }) as LatestInspection
  if (schema === undefined) throw new SharedMemoryError('CORRUPT', `"${config.name}" has a wrong schema`)
  const { descriptor } = schema
  const hash = await context.schemas.announce(descriptor, context.signal)
  const { members } = keysIn(encodeDescriptor(descriptor as SchemaDescriptor), 0)
  const subjects = subjectsOf(
    config.bucket,
    config.key,
    config.name,
    members.map(({ name }) => name),
  )
  const ended = new AbortController()
  const signal = AbortSignal.any([context.signal, ended.signal])
  const keys = [...subjects].map(([subject, key], index) => {
    const form = wireForm((members[index] as (typeof members)[number]).payload, config.encoding)
    return new CarriedKey(config, { ...context, signal }, reader, sent, { instance, hash, subject, key, form }).run()
  })
  try {
    await Promise.all(keys)
  } finally {
    ended.abort(new Error('another key has failed'))
    await Promise.allSettled(keys)
  }
}

interface KeyFacts {
  readonly instance: string
  /** Names the schema of the whole latest. */
  readonly hash: string
  readonly subject: string
  readonly key: string
  readonly form: WireForm
}

/** One key of a latest. */
class CarriedKey {
  readonly #config: Config
  readonly #context: RouteContext
  readonly #reader: ReturnType<BoardReader<UnknownKeys>['key']>
  readonly #sent: Map<string, string>
  readonly #facts: KeyFacts

  /** @param sent the identity of the last value of each key that the bucket has */
  constructor(
    config: Config,
    context: RouteContext,
    reader: BoardReader<UnknownKeys>,
    sent: Map<string, string>,
    facts: KeyFacts,
  ) {
    this.#config = config
    this.#context = context
    this.#reader = reader.key(facts.key)
    this.#sent = sent
    this.#facts = facts
  }

  /** Resolves when the writer ends. */
  async run(): Promise<void> {
    const { signal } = this.#context
    const { minIntervalMs } = this.#config
    let last = 0
    for (;;) {
      if (!(await this.#reader.wait({ since: last, signal }))) return
      last = await this.#carryNewest()
      if (minIntervalMs > 0) await setTimeout(minIntervalMs, undefined, { signal })
    }
  }

  /** Puts the newest value. Tries again until the bucket has it, each time with what is newest then. @returns its version */
  async #carryNewest(): Promise<number> {
    const { link, signal, figures, log } = this.#context
    const backoff = new Backoff()
    for (let attempt = 0; ; attempt++) {
      const clients = await link.whenUp(signal)
      const { value, version } = this.#reader.entry()
      if (version === 0) return 0
      figures.inFlight++
      try {
        await this.#put(clients, value, version)
        return version
      } catch (error) {
        signal.throwIfAborted()
        if (isRefusal(error)) {
          figures.dropped.refused++
          log(`value ${version} of "${this.#facts.key}" is refused: ${error.message}`)
          return version
        }
        figures.retries++
        figures.error = error instanceof Error ? error.message : String(error)
        if (attempt === 0) log(`${figures.error}. The value is put again.`)
      } finally {
        figures.inFlight--
      }
      await setTimeout(backoff.next(), undefined, { signal })
    }
  }

  async #put({ connection, jetstream, manager, buckets }: Clients, value: unknown, version: number): Promise<void> {
    const { figures, origin, link } = this.#context
    const { bucket, encoding, create } = this.#config
    const { instance, hash: schema, subject, key, form } = this.#facts
    const id = `${instance}-${key}-${version}`
    if (!this.#sent.has(subject)) {
      if (create !== undefined) await buckets.create(bucket, bucketOptions(create))
      const stored = await manager.streams.getMessage(streamOfBucket(bucket), { last_by_subj: subject })
      this.#sent.set(subject, stored?.header.get(MESSAGE_ID) ?? '')
    }
    if (this.#sent.get(subject) === id) {
      figures.duplicates++
      return
    }
    const wire = form.fromValue(value)
    if (wire.length + 1024 > (connection.info?.max_payload ?? Infinity))
      throw new RangeError(`${wire.length} bytes are too many`)
    const headers = headersOf({ id, origin, schema, producer: `${instance}/${encodeURIComponent(key)}`, encoding })
    const { duplicate } = await whileUp(link, jetstream.publish(subject, wire, { headers, timeout: TIMEOUT_MS }))
    this.#sent.set(subject, id)
    figures.error = undefined
    if (duplicate) figures.duplicates++
    else figures.forwarded++
    figures.bytes += wire.length
  }
}

/** Ends a wait for an answer that the loss of the connection has made vain. */
async function whileUp<T>(link: Link, answer: Promise<T>): Promise<T> {
  const lost = new AbortController()
  const stop = link.onChange((isUp) => isUp || lost.abort(new Error('the connection is lost')))
  return await abortable(answer, lost.signal).finally(stop)
}

function isRefusal(error: unknown): error is Error {
  return error instanceof RangeError || (error instanceof JetStreamApiError && error.code === TOO_LONG)
}

function bucketOptions({ replicas, storage, maxBytes, maxAgeMs }: NonNullable<Config['create']>) {
  return {
    replicas,
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    ...(maxBytes !== undefined && { max_bytes: maxBytes }),
    ...(maxAgeMs !== undefined && { ttl: maxAgeMs }),
  }
}
