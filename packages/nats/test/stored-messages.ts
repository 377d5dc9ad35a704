import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

export interface StoredMessage {
  readonly subject: string
  readonly id: string
  readonly data: Uint8Array
}

/** Reads all messages that a stream of JetStream has now. */
export async function storedMessages(url: string, stream: string): Promise<StoredMessage[]> {
  const connection = await connect({ servers: url })
  try {
    const { state } = await (await jetstreamManager(connection)).streams.info(stream)
    const found: StoredMessage[] = []
    if (state.messages === 0) return found
    const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All })
    const messages = await consumer.consume({ max_messages: 10_000 })
    for await (const { subject, headers, data, info } of messages) {
      found.push({ subject, id: headers?.get('Nats-Msg-Id') ?? '', data: data.slice() })
      if (info.pending === 0) break
    }
    return found
  } finally {
    await connection.close()
  }
}
