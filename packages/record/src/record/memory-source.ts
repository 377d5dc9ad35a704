import { SharedMemoryError } from '@memlane/core'
import { type Inspection, inspect, openTail, type Tail, type TailMessage, type TailOptions } from '@memlane/inspect'
import type { Encoding } from '../encode/message-encoding.js'
import type { RecordedShape } from '../file/channel-note.js'
import { RecordedChannel } from './recorded-channel.js'

/** The options of each shape with which a replay creates the memory. */
const OPTIONS = {
  stream: ['overflow', 'withoutConsumers', 'capacity', 'maxProducers', 'maxConsumers'],
  latest: ['maxMessageLength', 'maxReaders'],
  queue: [
    'capacity',
    'maxMessageLength',
    'maxProducers',
    'maxConsumers',
    'maxProcessingMs',
    'maxDeliveries',
    'maxDeadLetters',
  ],
} as const satisfies Record<RecordedShape, readonly string[]>

type Recordable = Inspection & { shape: RecordedShape }

/** One memory that is recorded: an observer, and the channels of its producers or keys. */
export class MemorySource {
  readonly tail: Tail
  readonly #shape: RecordedShape
  readonly #encoding: Encoding
  readonly #options: Record<string, unknown>
  readonly #channels = new Map<string, RecordedChannel>()

  private constructor(tail: Tail, { shape, geometry }: Recordable, encoding: Encoding) {
    this.tail = tail
    this.#shape = shape
    this.#encoding = encoding
    const found = geometry as unknown as Record<string, unknown>
    this.#options = Object.fromEntries(OPTIONS[shape].map((option) => [option, found[option]]))
  }

  /**
   * Opens an observer. Blocks for some milliseconds.
   *
   * @param startOf tells where to begin in a memory of that shape
   * @throws SharedMemoryError `NOT_A_CHANNEL` for memory that cannot be recorded; `NOT_READY` if the memory was made anew meanwhile; as
   * `openTail` and `inspect`
   */
  static open(
    name: string,
    encoding: Encoding,
    startOf: (shape: RecordedShape) => TailOptions['from'] & string,
    options: Pick<TailOptions, 'trustOwner'>,
  ): MemorySource {
    const look = inspect(name, { ...options, processes: false })
    if (!isRecordable(look)) {
      const message = `"${name}" cannot be recorded: it is no stream, latest or queue, but ${look.shape}.`
      throw new SharedMemoryError('NOT_A_CHANNEL', message)
    }
    const tail = openTail(name, { ...options, from: startOf(look.shape) })
    if (tail.instance === look.instance) return new MemorySource(tail, look, encoding)
    tail.close()
    throw new SharedMemoryError('NOT_READY', `"${name}" was closed and created again at this moment.`)
  }

  /** True if nothing more can come. */
  get hasEnded(): boolean {
    return this.tail.ended !== undefined
  }

  /** Returns the channel of a message. */
  channelOf({ producer, key }: TailMessage): RecordedChannel {
    const id = `${producer} ${key ?? ''}`
    const known = this.#channels.get(id)
    if (known !== undefined) return known
    const { name, instance, descriptor: schema } = this.tail
    const note = { name, shape: this.#shape, instance, producer, key, schema, options: this.#options }
    const channel = new RecordedChannel(note, this.#encoding)
    this.#channels.set(id, channel)
    return channel
  }
}

function isRecordable(look: Inspection): look is Recordable {
  return look.shape === 'stream' || look.shape === 'latest' || look.shape === 'queue'
}
