import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

export interface StoredMessage {
  readonly subject: string
  readonly headers: Readonly<Record<string, string>>
  readonly data: Uint8Array
}

/** Reads all messages that a stream of JetStream has now. */
export async function storedMessages(url: string | string[], stream: string): Promise<StoredMessage[]> {
  const connection = await connect({ servers: url })
  try {
    const { state } = await (await jetstreamManager(connection, { checkAPI: false })).streams.info(stream)
    const found: StoredMessage[] = []
    if (state.messages === 0) return found
    const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All })
    const messages = await consumer.consume({ max_messages: 10_000 })
    for await (const { subject, headers, data, info } of messages) {
      const all = headers?.keys().map((key) => [key, headers.get(key)]) ?? []
      found.push({ subject, headers: Object.fromEntries(all), data: data.slice() })
      if (info.pending === 0) break
    }
    return found
  } finally {
    await connection.close()
  }
}

/** The numbers in the ids of the messages of one lane, in the order of JetStream. */
export function sequencesIn(stored: readonly StoredMessage[], lane = 0): number[] {
  return stored
    .map(({ headers }) => /^[0-9a-f]{32}-(\d+)-(\d+)$/.exec(headers['Nats-Msg-Id'] ?? ''))
    .filter((found) => found?.[1] === String(lane))
    .map((found) => Number(found?.[2]))
}

/** The numbers from 0 on. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number)
}
