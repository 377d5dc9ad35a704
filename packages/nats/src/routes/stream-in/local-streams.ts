import { SharedMemoryError } from '@memlane/core'
import { nameFilter } from '@memlane/inspect'
import { payload } from '@memlane/protocol'
import { checkedDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import type { Msg } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../../config/route-config.js'
import { LocalForm } from '../../message/local-form.js'
import type { ReceivedFacts } from '../../message/received-facts.js'
import { schemaInFile } from '../../message/schema-file.js'
import { filled, matched, placesIn, token } from '../../message/subject-map.js'
import type { RouteContext } from '../route.js'
import { LocalStream } from './local-stream.js'
import { SentBefore } from './sent-before.js'
import type { IntendedPart } from './stream-position.js'

/** Senders choose subjects, so they choose names: the memory of this machine must not be filled with streams. */
const MAX_STREAMS = 256
const MAX_NAMES = 4096

/** No memory has a longer name, and the patterns of `allow` would take long to search one. */
const LONGEST_NAME = 255

/** A local stream, and how messages of NATS become its messages. */
export interface Target {
  readonly stream: LocalStream
  readonly form: LocalForm
  /** Messages that the stream may have already, from before a kill. */
  sentBefore: SentBefore | undefined
}

/** The message cannot go to any stream. */
export class NoTarget extends Error {
  override readonly name = 'NoTarget'
}

/** The local streams of a route. */
export class LocalStreams {
  readonly #config: RouteConfigOf<'stream-in'>
  readonly #context: RouteContext
  readonly #schema: Uint8Array | undefined
  readonly #options: ReturnType<typeof streamOptions>
  readonly #isFixed: boolean
  readonly #isAllowed: (name: string) => boolean
  /** The names that belong to subjects. */
  readonly #names = new Map<string, string>()
  readonly #targets = new Map<string, Target & { readonly end: () => void }>()

  /** @throws Error if the schema file holds no schema, or if `allow` is missing */
  constructor(config: RouteConfigOf<'stream-in'>, context: RouteContext) {
    this.#config = config
    this.#context = context
    this.#schema = config.schemaFile === undefined ? undefined : encodeDescriptor(schemaInFile(config.schemaFile))
    this.#options = streamOptions(config)
    this.#isFixed = placesIn(config.name).length === 0
    if (!this.#isFixed && config.allow === undefined) {
      throw new Error(
        `"${config.name}" has places, so "allow" must list the names that the bridge may use, such as "quotes-*"`,
      )
    }
    this.#isAllowed = config.allow === undefined ? () => true : nameFilter(config.allow)
  }

  /** Finds the stream of a message among those that are open. */
  targetOf(message: Msg): Target | undefined {
    const name = this.#nameOf(message)
    return name === undefined ? undefined : this.#targets.get(name)
  }

  /** Opens the streams that can be opened before there is a message. @throws SharedMemoryError */
  openFixed(): void {
    if (this.#isFixed && this.#schema !== undefined) this.#open(this.#config.name, this.#schema)
  }

  /**
   * Opens or creates the stream of a message. Waits for the connection if the schema must be found.
   *
   * @throws NoTarget; SharedMemoryError; an error of the server
   */
  async openFor(message: Msg, facts: ReceivedFacts): Promise<Target> {
    const name = this.#nameOf(message)
    if (name === undefined) throw new NoTarget(`"allow" has no name for the subject ${message.subject}`)
    const known = this.#targets.get(name)
    if (known !== undefined) return known
    if (this.#targets.size >= MAX_STREAMS) throw new NoTarget(`the route has ${MAX_STREAMS} streams already`)
    try {
      return this.#open(name, undefined)
    } catch (error) {
      // The sender has chosen the name: a stream that the bridge cannot write must not stop the messages to others.
      if (!this.#isFixed && isCode(error, 'INVALID_NAME', 'NOT_A_CHANNEL', 'ACCESS_DENIED', 'FULL'))
        throw new NoTarget(error.message)
      if (!isCode(error, 'NOT_FOUND')) throw error
    }
    if (this.#schema !== undefined) return this.#open(name, this.#schema)
    const schema = await this.#schemaOf(facts)
    try {
      return this.#open(name, schema)
    } catch (error) {
      // The sender has chosen the schema: its messages may be too long for the stream.
      if (error instanceof RangeError) throw new NoTarget(error.message)
      throw error
    }
  }

  /**
   * Ends a part of a batch that a kill has interrupted.
   *
   * @returns the messages that were not sent; all of them if only their bytes will tell
   */
  recover(part: IntendedPart, sequences: readonly number[]): readonly number[] {
    let target: Target
    try {
      target = this.#targets.get(part.name) ?? this.#open(part.name, undefined, part.lane)
    } catch (error) {
      if (isCode(error, 'NOT_FOUND', 'NOT_A_CHANNEL')) return sequences // the memory is gone
      throw error
    }
    const sent = target.stream.sentSince(part, sequences.length)
    if (typeof sent === 'number') return sequences.slice(sent)
    target.sentBefore = new SentBefore(part, sent)
    return sequences
  }

  /** Interrupted parts of which it is not known yet how far they came. */
  get unsure(): readonly IntendedPart[] {
    const found: IntendedPart[] = []
    for (const { sentBefore } of this.#targets.values()) {
      if (sentBefore?.isOver === false) found.push(sentBefore.part)
    }
    return found
  }

  close(): void {
    for (const { stream, end } of this.#targets.values()) {
      end()
      stream.close()
    }
    this.#targets.clear()
  }

  #nameOf({ subject }: Msg): string | undefined {
    const { name, subject: pattern } = this.#config
    if (this.#isFixed) return name
    const known = this.#names.get(subject)
    if (known !== undefined) return known
    const values = Object.entries(matched(pattern, subject) ?? {}).map(([key, value]) => [key, token(value)])
    const found = filled(name, Object.fromEntries(values))
    if (found.length > LONGEST_NAME || !this.#isAllowed(found)) return undefined
    if (this.#names.size >= MAX_NAMES) this.#names.clear()
    this.#names.set(subject, found)
    return found
  }

  #open(name: string, schema: Uint8Array | undefined, lane?: number): Target {
    const stream = LocalStream.open(name, schema, this.#options, lane)
    let end: () => void
    try {
      end = this.#context.laneOwners.claim(name, stream.mark, () => stream.writer.sent)
    } catch (error) {
      stream.close()
      throw error
    }
    const form = new LocalForm(stream.descriptor, this.#context.schemas)
    const target = { stream, form, end, sentBefore: undefined }
    this.#targets.set(name, target)
    return target
  }

  /** Messages of other programs go to a stream of JSON. */
  async #schemaOf({ schema: hash }: ReceivedFacts): Promise<Uint8Array> {
    if (hash === undefined) return encodeDescriptor(payload.json().descriptor)
    const found = await this.#context.schemas.find(hash, this.#context.signal)
    try {
      if (found !== undefined) return encodeDescriptor(checkedDescriptor(found, 0))
    } catch {} // some program wrote nonsense to the bucket
    throw new NoTarget(`no bridge has announced the schema ${hash.slice(0, 16)}`)
  }
}

function streamOptions({
  capacity,
  maxProducers,
  maxConsumers,
  overflow,
  withoutConsumers,
}: RouteConfigOf<'stream-in'>) {
  return {
    ...(capacity !== undefined && { capacity }),
    ...(maxProducers !== undefined && { maxProducers }),
    ...(maxConsumers !== undefined && { maxConsumers }),
    ...(overflow !== undefined && { overflow }),
    ...(withoutConsumers !== undefined && { withoutConsumers }),
  }
}

function isCode(error: unknown, ...codes: readonly SharedMemoryError['code'][]): error is SharedMemoryError {
  return error instanceof SharedMemoryError && codes.includes(error.code)
}
