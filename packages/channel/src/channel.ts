import { randomBytes } from 'node:crypto'
import {
  type CreateOptions,
  type OpenOptions,
  publishesPlainly,
  SharedMemory,
  type SharedMemoryError,
  type ViewRange,
  type WaitOptions,
} from '@memlane/core'
import { dispose, pause } from '@memlane/core/internal'
import type { SchemaDescriptor } from '@memlane/protocol'
import {
  type ChannelHeader,
  encodeDescriptor,
  isSameInstance,
  newChannelHeader,
  readChannelHeader,
  type Shape,
  writeChannelHeader,
} from '@memlane/protocol/internal'
import { channelError, explainChannel } from './channel-error.js'
import { deadlineAfter, pauseSync, timeLeft } from './deadline.js'
import { checkSchema } from './schema.js'

export type CreateChannelOptions = Omit<CreateOptions, 'access' | 'view' | 'initialize'>

/** A schema, as far as a channel needs it. */
export type Described = { readonly descriptor: SchemaDescriptor }

/** `access: 'read'` is for participants that may not write to the memory. */
export type OpenChannelOptions = Omit<OpenOptions, 'view'>

/** How long a creator may take, on Windows, between making the memory and finishing the header. */
const READY_LIMIT_MS = 1000
const READY_INTERVAL_MS = 5
/** What is mapped before the header has been read. */
const FIRST_VIEW_LENGTH = 65_536

/**
 * A named channel of any shape, as all of its participants see it: memory of known layout, mapped. It does not know whether its
 * participant writes or reads.
 *
 * @typeParam Fields the shape's own fields in the header
 * @typeParam Control the object through which the shape uses the control part
 */
export class Channel<Fields extends object, Control> implements Disposable {
  readonly shape: Shape<Fields, Control>
  /** The control part: header, masks, slots, schema. */
  readonly memory: SharedMemory
  readonly header: ChannelHeader & Fields
  readonly control: Control
  readonly #trustOwner: OpenOptions['trustOwner']
  readonly #kept: { close(): void }[] = []

  private constructor(
    shape: Shape<Fields, Control>,
    memory: SharedMemory,
    header: ChannelHeader & Fields,
    trustOwner: OpenOptions['trustOwner'],
  ) {
    this.shape = shape
    this.memory = memory
    this.header = header
    this.control = shape.controlOf(memory.buffer, header, publishesPlainly)
    this.#trustOwner = trustOwner
  }

  /**
   * Creates a channel. It has no participant yet.
   *
   * @throws SharedMemoryError as `SharedMemory.create`; RangeError for fields that no channel of this shape can have
   */
  static create<Fields extends object, Control>(
    shape: Shape<Fields, Control>,
    name: string,
    schema: Described,
    fields: Fields,
    options: CreateChannelOptions = {},
  ): Channel<Fields, Control> {
    const descriptor = encodeDescriptor(schema.descriptor)
    const instance = Uint8Array.from(randomBytes(16)) // not a Buffer, whose class may be of another context than ours
    const header = newChannelHeader(shape, fields, descriptor, instance)
    const memory = SharedMemory.create(name, header.length, {
      ...options,
      view: { length: header.controlLength },
      initialize: (buffer) => writeChannelHeader(buffer, shape, header, descriptor),
    })
    try {
      return new Channel(shape, mapped(shape, memory), header, undefined)
    } catch (error) {
      memory.close()
      throw error
    }
  }

  /**
   * Opens a channel. Blocks, for a second at most, while its creator has not yet finished the header (Windows).
   *
   * @param schema the schema that the channel must have, for a writer. A reader passes undefined, and then calls `readerCodec`
   * @throws SharedMemoryError as `SharedMemory.open`; `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `SCHEMA_MISMATCH`, `CORRUPT`,
   * `NOT_READY`
   */
  static open<Fields extends object, Control>(
    shape: Shape<Fields, Control>,
    name: string,
    schema: Described | undefined,
    options: OpenChannelOptions = {},
  ): Channel<Fields, Control> {
    const giveUpAt = deadlineAfter(READY_LIMIT_MS)
    for (;;) {
      const first = explained(shape, name, () => {
        return SharedMemory.open(name, { ...openOptions(options), view: { length: FIRST_VIEW_LENGTH } })
      })
      const channel = Channel.#ifFinished(shape, first, schema, options)
      if (channel !== undefined) return channel
      if (timeLeft(giveUpAt) === 0) throw notReady(shape, name)
      pauseSync(READY_INTERVAL_MS)
    }
  }

  /**
   * As `open`, but waits for the channel to appear, without blocking.
   *
   * @throws the signal's reason when it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, and as `open`
   */
  static async waitFor<Fields extends object, Control>(
    shape: Shape<Fields, Control>,
    name: string,
    schema: Described | undefined,
    options: OpenChannelOptions & WaitOptions = {},
  ): Promise<Channel<Fields, Control>> {
    const { signal, ref = true, timeoutMs } = options
    const waitOptions = { ...openOptions(options), ref, ...(signal && { signal }) }
    const deadline = deadlineAfter(timeoutMs)
    let giveUpAt: number | undefined
    for (;;) {
      const view = { length: FIRST_VIEW_LENGTH }
      const first = await SharedMemory.waitFor(name, { ...waitOptions, timeoutMs: timeLeft(deadline), view }).catch(
        (error) => {
          throw explainChannel(shape, name, error)
        },
      )
      const channel = Channel.#ifFinished(shape, first, schema, options)
      if (channel !== undefined) return channel
      giveUpAt ??= deadlineAfter(READY_LIMIT_MS) // counts from when the memory is there
      if (timeLeft(giveUpAt) === 0) throw notReady(shape, name)
      await pause(READY_INTERVAL_MS)
      signal?.throwIfAborted()
    }
  }

  /**
   * Makes a channel of memory whose creator has finished it. Otherwise closes the memory: if its creator has died, the
   * processes that wait for the channel must not keep the unfinished memory alive.
   */
  static #ifFinished<Fields extends object, Control>(
    shape: Shape<Fields, Control>,
    first: SharedMemory,
    schema: Described | undefined,
    options: OpenChannelOptions,
  ): Channel<Fields, Control> | undefined {
    const { name } = first
    let memory = first
    let channel: Channel<Fields, Control> | undefined
    try {
      const { buffer } = mapped(shape, first)
      const header = explained(shape, name, () => readChannelHeader(buffer, first.objectLength, shape))
      if (header === undefined) return undefined
      if (header.controlLength > buffer.byteLength) {
        memory = SharedMemory.open(name, { ...openOptions(options), view: { length: header.controlLength } })
        first.close()
        if (!isSameInstance(memory.buffer, header)) return undefined // the channel was created again since: start over
      }
      if (schema !== undefined) checkSchema(shape, memory, header, schema)
      channel = new Channel(shape, memory, header, options.trustOwner)
      return channel
    } finally {
      if (channel === undefined) memory.close()
    }
  }

  get name(): string {
    return this.memory.name
  }

  get closed(): boolean {
    return this.memory.closed
  }

  /**
   * Maps a part of the memory beside the control part, such as one lane. It is closed together with the channel.
   *
   * @throws SharedMemoryError as `SharedMemory.open`; `NOT_FOUND` also if the name belongs to another channel by now
   */
  openPart(view: ViewRange, access: 'readwrite' | 'read'): SharedMemory {
    const part = this.keep(this.#openView(view, access))
    // Opens the start after the part. If the name still leads to this channel now, it did when the part was opened: a channel
    // that has lost its name never gets it back.
    const start = this.#openView({ length: FIRST_VIEW_LENGTH }, 'read')
    const isSame = isSameInstance(start.buffer, this.header)
    start.close()
    if (isSame) return part
    throw this.error(
      'NOT_FOUND',
      'its name now belongs to another channel, because a process removed the name and created a new channel with it. ' +
        'Close this channel, and open it again.',
    )
  }

  #openView(view: ViewRange, access: 'readwrite' | 'read'): SharedMemory {
    return SharedMemory.open(this.name, { access, view, trustOwner: this.#trustOwner ?? false })
  }

  /** Closes the resource, such as a part or a bell, together with the channel. */
  keep<T extends { close(): void }>(resource: T): T {
    this.#kept.push(resource)
    return resource
  }

  /** Makes an error whose message names the shape and the channel. */
  error(code: SharedMemoryError['code'], message: string, cause?: unknown): SharedMemoryError {
    return channelError(this.shape, code, this.name, message, cause)
  }

  /** Turns protocol's errors about bytes into errors that name the channel. Leaves other errors as they are. */
  explain(error: unknown): unknown {
    return explainChannel(this.shape, this.name, error)
  }

  /** Closes the memory, its parts and its bells, and gives back its leases. Closing it again does nothing. */
  close(): void {
    for (const resource of this.#kept.splice(0)) resource.close()
    this.memory.close()
  }

  [dispose](): void {
    this.close()
  }
}

/** Picks the options that open the memory from those of a participant. */
function openOptions({ access = 'readwrite', trustOwner = false }: OpenChannelOptions) {
  return { access, trustOwner }
}

/** A channel of any shape. */
// biome-ignore lint/suspicious/noExplicitAny: Fields and Control stand on both sides of the functions of Shape
export type AnyChannel = Channel<any, any>

type NamedShape = Pick<Shape<object, unknown>, 'name'>

function explained<T>(shape: NamedShape, name: string, attempt: () => T): T {
  try {
    return attempt()
  } catch (error) {
    throw explainChannel(shape, name, error)
  }
}

/** @throws SharedMemoryError `NOT_SUPPORTED` if no buffer can show the memory */
function mapped(shape: NamedShape, memory: SharedMemory): SharedMemory {
  if (memory.mapped) return memory
  const message =
    `a ${shape.name} needs memory that an ArrayBuffer shows. The heap of this runtime admits none, and this system cannot map ` +
    `into that heap. Use a region, or open the ${shape.name} in a process of Node.js (child_process.spawn) and pass its messages on.`
  throw channelError(shape, 'NOT_SUPPORTED', memory.name, message)
}

function notReady(shape: NamedShape, name: string): SharedMemoryError {
  return channelError(
    shape,
    'NOT_READY',
    name,
    `its creator has not finished it within ${READY_LIMIT_MS} ms, or the memory is no ${shape.name}: it begins with zeros. ` +
      'Let the creator continue, or end it.',
  )
}
