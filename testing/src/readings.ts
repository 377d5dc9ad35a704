import { setImmediate } from 'node:timers/promises'
import type { StreamReader } from '@memlane/consumer'
import type { Numbered, NumberedMessage } from './numbered-message.js'

/** Takes the messages that are read. */
export interface Receiver {
  /** How many it has taken. */
  readonly count: number
  add(message: NumberedMessage): void
}

/** The ways of reading that leave the event loop free. Each ends with the stream, or when `wanted` messages are taken. */
export const asyncReadings = {
  async receive(reader: Reader, receiver: Receiver, wanted = Infinity) {
    while (receiver.count < wanted) {
      const message = await reader.receive()
      if (message === undefined) return
      receiver.add(message)
    }
  },
  async iterate(reader: Reader, receiver: Receiver, wanted = Infinity) {
    if (receiver.count >= wanted) return
    for await (const message of reader) {
      receiver.add(message)
      if (receiver.count >= wanted) return
    }
  },
  async batches(reader: Reader, receiver: Receiver, wanted = Infinity) {
    for await (const batch of reader.batches({ limit: Math.min(wanted, 100) })) {
      for (const message of batch) receiver.add(message)
      if (receiver.count >= wanted) return
    }
  },
  async poll(reader: Reader, receiver: Receiver, wanted = Infinity) {
    while (receiver.count < wanted && (await reader.ready())) pollOnce(reader, receiver, wanted)
  },
  async readable(reader: Reader, receiver: Receiver, wanted = Infinity) {
    if (receiver.count >= wanted) return
    for await (const message of reader.toReadable()) {
      receiver.add(message)
      if (receiver.count >= wanted) return
    }
  },
  /** Never waits. Asks by `readySync` if the stream has ended. */
  async tryReceive(reader: Reader, receiver: Receiver, wanted = Infinity) {
    while (receiver.count < wanted) {
      const message = reader.tryReceive()
      if (message !== undefined) receiver.add(message)
      else if (!reader.readySync({ timeoutMs: 0 }) && reader.end !== undefined) return
      else await setImmediate()
    }
  },
}

/** Every way of reading. */
export const readings = {
  ...asyncReadings,
  receiveSync(reader: Reader, receiver: Receiver, wanted = Infinity) {
    while (receiver.count < wanted) {
      const message = reader.receiveSync()
      if (message === undefined) return
      receiver.add(message)
    }
  },
  pollSync(reader: Reader, receiver: Receiver, wanted = Infinity) {
    while (receiver.count < wanted && reader.readySync()) pollOnce(reader, receiver, wanted)
  },
}

export type Reading = keyof typeof readings

/** A StreamReader built from sources has private parts of its own, so TypeScript takes only what both have in common. */
type Reader = Pick<
  StreamReader<typeof Numbered>,
  | 'receive'
  | 'receiveSync'
  | 'tryReceive'
  | 'ready'
  | 'readySync'
  | 'poll'
  | 'batches'
  | 'toReadable'
  | 'end'
  | typeof Symbol.asyncIterator
>

function pollOnce(reader: Reader, receiver: Receiver, wanted: number): void {
  reader.poll((view) => receiver.add(view), Math.min(wanted - receiver.count, 100))
}
