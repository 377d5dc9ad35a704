/** A stream as both sides see it: a named segment of known layout. Knows neither who writes nor who reads. */

import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import {
  type CreateOptions,
  type OpenOptions,
  publishesPlainly,
  SharedMemory,
  SharedMemoryError,
  type WaitOptions,
} from '@memlane/core'
import { type AnyCodec, LayoutError, type Overflow, type WithoutConsumers } from '@memlane/protocol'
import {
  encodeDescriptor,
  hashDescriptor,
  LANE_ALIGNMENT,
  maxMessageLength,
  placesOf,
  readStreamHeader,
  StreamControl,
  type StreamHeader,
  tooLong,
  writeStreamHeader,
  wrongDimension,
} from '@memlane/protocol/internal'
import { firstDifference } from './first-difference.js'

/** The dimensions and the manners of a stream. */
export interface StreamOptions {
  /** Bytes of each producer's lane: a power of two from 64 KiB to 512 MiB. Default 1 MiB. */
  capacity?: number
  /** How many producers there can be at a time, 1 to 64; each takes `capacity` bytes. Default 4. */
  maxProducers?: number
  /** How many consumers there can be at a time, 1 to 32. Default 16. */
  maxConsumers?: number
  /**
   * What happens when a lane is full. `wait` (default): every live consumer gets every message, and the slowest holds the
   * producers back. `overwrite`: producers never wait, and consumers that fall behind are told how much they lost.
   */
  overflow?: Overflow
  /**
   * What happens, with `overflow: 'wait'`, while there is no consumer. `keep-latest` (default): the oldest messages give
   * way. `wait`: producers wait once the lane is full.
   */
  withoutConsumers?: WithoutConsumers
}

export type CreateChannelOptions = StreamOptions & Omit<CreateOptions, 'access' | 'view' | 'initialize'>

/** How long a creator may take, on Windows, between making the memory and finishing the header. */
const READY_LIMIT_MS = 1000
const READY_INTERVAL_MS = 5

/** A stream's memory, mapped: the control part, and its lanes one by one. */
export class StreamChannel implements Disposable {
  /** The control part. */
  readonly memory: SharedMemory
  readonly control: StreamControl
  readonly header: StreamHeader
  readonly #trustOwner: OpenOptions['trustOwner']
  readonly #opened: Disposable[] = []

  private constructor(memory: SharedMemory, header: StreamHeader, trustOwner: OpenOptions['trustOwner']) {
    this.memory = memory
    this.header = header
    this.control = new StreamControl(memory.buffer, header, publishesPlainly)
    this.#trustOwner = trustOwner
  }

  /**
   * Creates the memory of a stream. It has no producer yet.
   *
   * @throws SharedMemoryError as `SharedMemory.create`; RangeError for dimensions that no stream can have
   */
  static create(name: string, codec: AnyCodec, options: CreateChannelOptions = {}): StreamChannel {
    const { overflow = 'wait', withoutConsumers = 'keep-latest', ...rest } = options
    const { capacity = 2 ** 20, maxProducers = 4, maxConsumers = 16, ...createOptions } = rest
    if (overflow !== 'wait' && overflow !== 'overwrite') {
      throw new TypeError(`overflow must be "wait" or "overwrite", not ${JSON.stringify(overflow)}`)
    }
    if (withoutConsumers !== 'keep-latest' && withoutConsumers !== 'wait') {
      throw new TypeError(`withoutConsumers must be "keep-latest" or "wait", not ${JSON.stringify(withoutConsumers)}`)
    }
    const schema = encodeDescriptor(codec.descriptor)
    const dimensions = { capacity, producers: maxProducers, consumers: maxConsumers, schemaLength: schema.length }
    const wrong = wrongDimension(dimensions)
    if (wrong !== undefined) throw new RangeError(wrong)
    const { fixedLength = 0 } = codec
    if (fixedLength > maxMessageLength(capacity)) throw tooLong(fixedLength, capacity)
    const header: StreamHeader = {
      ...dimensions,
      ...placesOf(dimensions),
      overflow,
      withoutConsumers,
      instance: randomBytes(16),
      schemaHash: hashDescriptor(schema),
    }
    const memory = SharedMemory.create(name, header.length, {
      ...createOptions,
      view: { length: header.lanesOffset },
      initialize: (buffer) => writeStreamHeader(buffer, header, schema),
    })
    return new StreamChannel(memory, header, undefined)
  }

  /**
   * Opens the memory of a stream. Blocks for a second at most, on Windows, while its creator is just making it.
   *
   * @throws SharedMemoryError as `SharedMemory.open`; `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `SCHEMA_MISMATCH`, `CORRUPT`,
   * `NOT_READY`
   */
  static open(name: string, codec: AnyCodec, options: ChannelOpenOptions = {}): StreamChannel {
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (let waited = 0; ; waited += READY_INTERVAL_MS) {
      const first = explained(name, () =>
        SharedMemory.open(name, { ...openOptions(options), view: { length: LANE_ALIGNMENT } }),
      )
      const channel = StreamChannel.#ifFinished(first, codec, options)
      if (channel !== undefined) return channel
      if (waited >= READY_LIMIT_MS) throw notReady(name)
      Atomics.wait(pause, 0, 0, READY_INTERVAL_MS)
    }
  }

  /**
   * As `open`, but waits for the stream to appear, without blocking.
   *
   * @throws the signal's reason when it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, and as `open`
   */
  static async waitFor(
    name: string,
    codec: AnyCodec,
    options: ChannelOpenOptions & WaitOptions = {},
  ): Promise<StreamChannel> {
    const { signal, ref = true, timeoutMs = Infinity } = options
    const waitOptions = { ...openOptions(options), ref, ...(signal && { signal }) }
    const deadline = performance.now() + timeoutMs
    let left = timeoutMs
    for (let waited = 0; ; waited += READY_INTERVAL_MS) {
      const view = { length: LANE_ALIGNMENT }
      const first = await SharedMemory.waitFor(name, { ...waitOptions, timeoutMs: left, view }).catch((error) => {
        throw explain(name, error)
      })
      const channel = StreamChannel.#ifFinished(first, codec, options)
      if (channel !== undefined) return channel
      if (waited >= READY_LIMIT_MS) throw notReady(name)
      await setTimeout(READY_INTERVAL_MS)
      signal?.throwIfAborted()
      left = Math.max(0, deadline - performance.now())
    }
  }

  /**
   * Goes on with a stream whose creator has finished it. Else lets go of it: had its creator died, it would be kept, unfinished,
   * by those who wait for it.
   */
  static #ifFinished(first: SharedMemory, codec: AnyCodec, options: ChannelOpenOptions): StreamChannel | undefined {
    let channel: StreamChannel | undefined
    try {
      const header = headerOf(first)
      if (header !== undefined) channel = StreamChannel.#over(first, header, codec, options)
    } finally {
      if (channel === undefined) first.close()
    }
    return channel
  }

  static #over(first: SharedMemory, header: StreamHeader, codec: AnyCodec, options: ChannelOpenOptions): StreamChannel {
    const { name } = first
    let memory = first
    if (header.lanesOffset > first.buffer.byteLength) {
      memory = SharedMemory.open(name, { ...openOptions(options), view: { length: header.lanesOffset } })
      first.close()
    }
    try {
      checkSchema(memory, header, codec)
    } catch (error) {
      memory.close()
      throw error
    }
    return new StreamChannel(memory, header, options.trustOwner)
  }

  get name(): string {
    return this.memory.name
  }

  get closed(): boolean {
    return this.memory.closed
  }

  /**
   * Maps one lane. It is closed together with the channel.
   *
   * @throws SharedMemoryError as `SharedMemory.open`
   */
  openLane(producer: number, access: 'readwrite' | 'read'): SharedMemory {
    const { lanesOffset, capacity } = this.header
    const view = { offset: lanesOffset + producer * capacity, length: capacity }
    return this.keep(SharedMemory.open(this.name, { access, view, trustOwner: this.#trustOwner ?? false }))
  }

  /** Has something closed together with the channel: lanes and bells. */
  keep<T extends Disposable>(resource: T): T {
    this.#opened.push(resource)
    return resource
  }

  /** Closes the memory, its lanes and its bells, and gives back its leases. Again is a no-op. */
  close(): void {
    for (const resource of this.#opened.splice(0)) resource[Symbol.dispose]()
    this.memory.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** `access: 'read'` is for consumers with `overflow: 'overwrite'` that may not write. */
export type ChannelOpenOptions = Omit<OpenOptions, 'view'>

/** Of the options of a participant, those that open the memory. */
function openOptions({ access = 'readwrite', trustOwner = false }: ChannelOpenOptions) {
  return { access, trustOwner }
}

/** Makes an error that names the stream. */
export function streamError(
  code: SharedMemoryError['code'],
  name: string,
  message: string,
  cause?: unknown,
): SharedMemoryError {
  return new SharedMemoryError(code, `Stream "${name}": ${message}`, cause === undefined ? {} : { cause })
}

/** Makes what protocol says of bytes an error that names the stream; leaves other errors as they are. */
export function explain(name: string, error: unknown): unknown {
  if (error instanceof LayoutError) {
    return streamError(error.code, name, `${error.message} (offset ${error.offset}).`, error)
  }
  if (error instanceof SharedMemoryError && error.code === 'TOO_SHORT') {
    return streamError(
      'NOT_A_CHANNEL',
      name,
      `the memory of that name is no stream: it has ${error.available} bytes.`,
      error,
    )
  }
  return error
}

function explained<T>(name: string, attempt: () => T): T {
  try {
    return attempt()
  } catch (error) {
    throw explain(name, error)
  }
}

function headerOf(memory: SharedMemory): StreamHeader | undefined {
  return explained(memory.name, () => readStreamHeader(memory.buffer, memory.objectLength))
}

function notReady(name: string): SharedMemoryError {
  return streamError(
    'NOT_READY',
    name,
    `its creator has not finished it within ${READY_LIMIT_MS} ms; or it is no stream. Let the creator go on, or end it.`,
  )
}

const MAX_SHOWN_SCHEMA = 2000

function checkSchema(memory: SharedMemory, header: StreamHeader, codec: AnyCodec): void {
  const expected = encodeDescriptor(codec.descriptor)
  // A copy: a peer might change the bytes while they are decoded.
  const found = new Uint8Array(memory.buffer, header.schemaOffset, header.schemaLength).slice()
  if (expected.length === found.length && expected.every((byte, index) => byte === found[index])) return
  const [there, here] = [found, expected].map((bytes) => new TextDecoder().decode(bytes)) as [string, string]
  const shown = (text: string) => (text.length > MAX_SHOWN_SCHEMA ? `${text.slice(0, MAX_SHOWN_SCHEMA)}…` : text)
  throw streamError(
    'SCHEMA_MISMATCH',
    memory.name,
    `it carries messages of another schema${shown(firstDifference(there, here))}.\nThere: ${shown(there)}\nHere:  ${shown(here)}`,
  )
}
