/**
 * The ways of sending and receiving messages through a stream of memlane: one per variant. Trials measure this code, so it must
 * allocate nothing: loops count in small integers, and number variables of closures hold only small integers. Any other number
 * in such a variable is a new object at each change.
 */

import { type OpenStreamOptions, openStream, type StreamReader } from '@memlane/consumer'
import { type CreateStreamOptions, createStream, type StreamWriter } from '@memlane/producer'
import { bytes, type Codec, f64, payload, type ReadonlyBytesView, struct, u32 } from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { type Content, checkFields, type Fields, type Memory, memoryOf, writeFields } from '../roles/content.js'
import { checkObject, type MessageObject, messageObject } from '../roles/message-object.js'

export type Way =
  | 'in place'
  | 'batch in place'
  | 'objects'
  | 'batch of objects'
  | 'bytes'
  | 'bytes in place'
  | 'bytes set and copyTo'
  | 'event loop'

/** The sending side. */
export interface Sender {
  /** Sends `count` messages, numbered from `first` on. Waits for room. */
  send(first: number, count: number): Promise<void> | undefined
  close(): void
}

/** The receiving side. It checks each message. */
export interface Receiver {
  /**
   * Calls `take` with the number of each message that is there.
   *
   * @param limit the most messages to take. 1 saves the check for the next message
   * @returns how many were taken
   */
  poll(limit?: number): number
  /** Blocks until there is a message. With `spin`, returns at once: polling again is the fastest way. */
  readySync(): void
  /** Waits for a message in the event loop, and returns its number. */
  receive(): Promise<number>
  /** Calls `take` with the number of each message, until `take` returns false. */
  forEach(): Promise<void>
  close(): void
}

const BATCH = 64

/** A message in place, as its writer sees it. */
export interface MessageView extends Fields {
  body?: Uint8Array
}

/** A message in place, as a reader sees it. */
export interface ReadonlyMessageView extends Readonly<Fields> {
  readonly body?: ReadonlyBytesView
}

type StructCodec = Codec<MessageObject, MessageView, ReadonlyMessageView>
export type StructWriter = StreamWriter<StructCodec>
export type StructReader = StreamReader<StructCodec>

const FIELDS = { sequence: u32, complement: u32, first: f64, second: f64, third: u32, fourth: u32 }

export function structOf({ bodyLength }: Content): StructCodec {
  const layout =
    bodyLength === 0 ? struct('Message', FIELDS) : struct('Message', { ...FIELDS, body: bytes(bodyLength) })
  return codecOf(layout) as StructCodec
}

/** Writes a message in place. */
export function writerOf(content: Content): (message: MessageView, sequence: number) => void {
  if (content.bodyLength === 0) return writeFields
  return (message, sequence) => {
    writeFields(message, sequence)
    message.body = content.bodyOf(sequence)
  }
}

/** Checks a message in place, and returns its number. */
export function checkerOf(content: Content): (message: ReadonlyMessageView) => number {
  if (content.bodyLength === 0) return checkFields
  return (message) => {
    const sequence = checkFields(message)
    content.checkBody((message.body as ReadonlyBytesView).unsafeArray(), 0, sequence)
    return sequence
  }
}

/** Claims room for a message. Blocks if there is none. */
export function claim(writer: StructWriter): MessageView {
  return writer.claim() ?? claimAgain(writer)
}

function claimAgain(writer: StructWriter): MessageView {
  for (;;) {
    writer.readySync()
    const message = writer.claim()
    if (message !== undefined) return message
  }
}

function isOfBytes(way: Way): boolean {
  return way.startsWith('bytes')
}

/** Returns the memory of a message. All messages of a lane lie in the same memory. */
function laneMemory(): (message: ReadonlyBytesView) => Memory {
  let memory = memoryOf(Buffer.alloc(0))
  return (message) => {
    if (memory.data.buffer !== message.unsafeBuffer) memory = memoryOf(Buffer.from(message.unsafeBuffer))
    return memory
  }
}

export function createSender(way: Way, name: string, content: Content, options: CreateStreamOptions): Sender {
  return isOfBytes(way)
    ? bytesSender(way, name, content, options)
    : structSender(way, createStream(name, structOf(content), options), content)
}

function structSender(way: Way, writer: StructWriter, content: Content): Sender {
  const close = () => writer.close()
  const write = writerOf(content)
  switch (way) {
    case 'batch in place': {
      let start = 0
      const fill = (message: MessageView, index: number) => write(message, start + index)
      return {
        close,
        send(first, count) {
          for (let done = 0; done < count; ) {
            start = (first | 0) + done
            const sent = writer.fillBatch(Math.min(BATCH, count - done), fill)
            if (sent === 0) writer.readySync()
            done += sent
          }
          return undefined
        },
      }
    }
    case 'objects':
      return {
        close,
        send(first, count) {
          const end = (first | 0) + count
          for (let sequence = first | 0; sequence !== end; sequence++) {
            const message = messageObject(content, sequence, 'bytes')
            if (!writer.trySend(message)) writer.sendSync(message)
          }
          return undefined
        },
      }
    case 'batch of objects':
      return {
        close,
        send(first, count) {
          for (let done = 0; done < count; ) {
            const start = (first | 0) + done
            const length = Math.min(BATCH, count - done)
            const messages = Array.from({ length }, (_, index) => messageObject(content, start + index, 'bytes'))
            for (let sent = 0; sent < length; ) {
              const more = writer.trySendBatch(messages, sent)
              if (more === 0) writer.readySync()
              sent += more
            }
            done += length
          }
          return undefined
        },
      }
    case 'event loop':
      return {
        close,
        async send(first, count) {
          const end = (first | 0) + count
          for (let sequence = first | 0; sequence !== end; sequence++) {
            await writer.send(messageObject(content, sequence, 'bytes'))
          }
        },
      }
    default:
      return {
        close,
        send(first, count) {
          const end = (first | 0) + count
          for (let sequence = first | 0; sequence !== end; sequence++) {
            write(claim(writer), sequence)
            writer.commit()
          }
          return undefined
        },
      }
  }
}

function bytesSender(way: Way, name: string, content: Content, options: CreateStreamOptions): Sender {
  const writer = createStream(name, payload.bytes, options)
  const close = () => writer.close()
  const length = content.payload
  if (way === 'bytes') {
    const own = memoryOf(Buffer.alloc(length))
    return {
      close,
      send(first, count) {
        const end = (first | 0) + count
        for (let sequence = first | 0; sequence !== end; sequence++) {
          content.write(own, 0, sequence)
          if (!writer.trySend(own.bytes)) writer.sendSync(own.bytes)
        }
        return undefined
      },
    }
  }
  const claimAgain = () => {
    for (;;) {
      writer.readySync({ length })
      const message = writer.claim(length)
      if (message !== undefined) return message
    }
  }
  if (way === 'bytes set and copyTo') {
    const own = memoryOf(Buffer.alloc(length))
    return {
      close,
      send(first, count) {
        const end = (first | 0) + count
        for (let sequence = first | 0; sequence !== end; sequence++) {
          content.write(own, 0, sequence)
          const message = writer.claim(length) ?? claimAgain()
          message.set(own.bytes)
          writer.commit()
        }
        return undefined
      },
    }
  }
  const memoryFor = laneMemory()
  return {
    close,
    send(first, count) {
      const end = (first | 0) + count
      for (let sequence = first | 0; sequence !== end; sequence++) {
        const message = writer.claim(length) ?? claimAgain()
        content.write(memoryFor(message), message.byteOffset, sequence)
        writer.commit()
      }
      return undefined
    },
  }
}

/** @param take gets the number of each message, and returns false if it wants no more */
export async function openReceiver(
  way: Way,
  name: string,
  content: Content,
  take: (sequence: number) => boolean,
  options: OpenStreamOptions,
): Promise<Receiver> {
  const spins = options.waitStrategy === 'spin'
  if (isOfBytes(way)) {
    const memoryFor = laneMemory()
    const checkInPlace = (message: ReadonlyBytesView) => content.check(memoryFor(message), message.byteOffset)
    const own = memoryOf(Buffer.alloc(content.payload))
    const checkCopied = (message: ReadonlyBytesView) => {
      message.copyTo(own.bytes)
      return content.check(own, 0)
    }
    const check = way === 'bytes set and copyTo' ? checkCopied : checkInPlace
    const checkCopy = (message: Uint8Array) => content.checkBytes(message)
    return receiverOver(way, await openStream(name, payload.bytes, options), check, checkCopy, take, spins)
  }
  const checkValue = (message: MessageObject) => checkObject(content, message)
  return receiverOver(
    way,
    await openStream(name, structOf(content), options),
    checkerOf(content),
    checkValue,
    take,
    spins,
  )
}

function receiverOver<Value, View>(
  way: Way,
  reader: StreamReader<Codec<Value, unknown, View>>,
  checkView: (message: View) => number,
  checkValue: (message: Value) => number,
  take: (sequence: number) => boolean,
  spins: boolean,
): Receiver {
  const ended = () => new Error(`the stream has ended: ${reader.end}`)
  const handle = (message: View) => {
    take(checkView(message))
  }
  const pollValues = (limit = Infinity) => {
    let count = 0
    while (count < limit) {
      const message = reader.tryReceive()
      if (message === undefined) break
      count++
      if (!take(checkValue(message))) break
    }
    return count
  }
  return {
    poll: way === 'objects' || way === 'bytes' ? pollValues : (limit) => reader.poll(handle, limit),
    readySync() {
      if (!spins && !reader.readySync()) throw ended()
    },
    async receive() {
      const message = await reader.receive()
      if (message === undefined) throw ended()
      return checkValue(message)
    },
    async forEach() {
      for await (const message of reader) if (!take(checkValue(message))) return
      throw ended()
    },
    close: () => reader.close(),
  }
}
