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

/** What is known of the messages of one producer or key. */
interface Place {
  readonly channel: RecordedChannel
  /** The number of the last message. */
  last: number
  /** Only after the memory was opened again: the number of the last message before that. */
  before: number | undefined
}

/** One memory that is recorded: an observer, and the channels of its producers or keys. */
export class MemorySource {
  readonly tail: Tail
  readonly #shape: RecordedShape
  readonly #encoding: Encoding
  readonly #options: Record<string, unknown>
  readonly #places: Map<string, Place>
  /** The number of the last message of each producer or key that was skipped at the beginning. */
  readonly #skipped: ReadonlyMap<string, number>
  readonly #isOpenedAgain: boolean

  private constructor(
    tail: Tail,
    look: Recordable,
    encoding: Encoding,
    start: TailOptions['from'],
    earlier: MemorySource | undefined,
  ) {
    this.tail = tail
    const { shape, geometry } = look
    const same = earlier?.tail.instance === tail.instance ? earlier : undefined
    this.#isOpenedAgain = same !== undefined
    this.#places = same === undefined ? new Map() : same.#places
    this.#skipped = same === undefined ? lastNumbers(look, start) : same.#skipped
    for (const place of this.#places.values()) place.before = place.last
    this.#shape = shape
    this.#encoding = encoding
    const found = geometry as unknown as Record<string, unknown>
    this.#options = Object.fromEntries(OPTIONS[shape].map((option) => [option, found[option]]))
  }

  /**
   * Opens an observer. Blocks for some milliseconds.
   *
   * @param startOf tells where to begin in a memory of that shape
   * @param earlier the source of this name that has ended. If it was the same memory, the new one goes on behind its last messages
   * @throws SharedMemoryError `NOT_A_CHANNEL` for memory that cannot be recorded; `NOT_READY` if the memory was made anew meanwhile; as
   * `openTail` and `inspect`
   */
  static open(
    name: string,
    encoding: Encoding,
    startOf: (shape: RecordedShape) => TailOptions['from'] & string,
    options: Pick<TailOptions, 'trustOwner'>,
    earlier?: MemorySource,
  ): MemorySource {
    const look = inspect(name, { ...options, processes: false })
    if (!isRecordable(look)) {
      const message = `"${name}" cannot be recorded: it is no stream, latest or queue, but ${look.shape}.`
      throw new SharedMemoryError('NOT_A_CHANNEL', message)
    }
    const start = startOf(look.shape)
    const tail = openTail(name, { ...options, from: start })
    if (tail.instance === look.instance) return new MemorySource(tail, look, encoding, start, earlier)
    tail.close()
    throw new SharedMemoryError('NOT_READY', `"${name}" was closed and created again at this moment.`)
  }

  /** True if nobody takes part any more. If others keep the memory, producers may come again. */
  get hasEnded(): boolean {
    return this.tail.ended !== undefined
  }

  /**
   * Returns the channel of a message, and how many messages of that channel went by unseen before it; undefined if the message was
   * recorded already, before the memory was opened again.
   */
  take({
    producer,
    key,
    sequence,
    missedBefore,
  }: TailMessage): { channel: RecordedChannel; missed: number } | undefined {
    const id = `${producer} ${key ?? ''}`
    let place = this.#places.get(id)
    if (place === undefined) {
      const before = this.#isOpenedAgain ? this.#skipped.get(id) : undefined
      place = { channel: this.#newChannel(producer, key), last: sequence, before }
      this.#places.set(id, place)
    }
    const { channel, before } = place
    if (((sequence - place.last) | 0) > 0) place.last = sequence
    if (before === undefined) return { channel, missed: missedBefore }
    const ahead = (sequence - before) | 0
    if (ahead <= 0) return undefined
    if (this.#shape === 'queue') return { channel, missed: missedBefore } // its messages may come in another order
    place.before = undefined
    return { channel, missed: ahead - 1 }
  }

  #newChannel(producer: number, key: string | undefined): RecordedChannel {
    const { name, instance, descriptor: schema } = this.tail
    const note = { name, shape: this.#shape, instance, producer, key, schema, options: this.#options }
    return new RecordedChannel(note, this.#encoding)
  }
}

/** The number of the last message of each producer or key that a tail skips. */
function lastNumbers(look: Recordable, start: TailOptions['from']): Map<string, number> {
  if (start !== 'now') return new Map()
  if (look.shape === 'latest') return new Map(look.keys.map(({ key, version }) => [`0 ${key}`, version]))
  const producers: readonly { slot: number; sent: number }[] = look.producers
  return new Map(producers.filter(({ sent }) => sent > 0).map(({ slot, sent }) => [`${slot} `, sent - 1]))
}

function isRecordable(look: Inspection): look is Recordable {
  return look.shape === 'stream' || look.shape === 'latest' || look.shape === 'queue'
}
