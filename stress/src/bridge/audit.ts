import { DeliverPolicy, jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

/** What JetStream has stored, by the numbers that the bridges gave the messages. */
export interface Audit {
  readonly messages: number
  /** Messages that it has more than once. */
  readonly duplicated: number
  /** Messages behind a later one of the same lane. */
  readonly disordered: number
}

/** Reads a whole stream of JetStream. The identity of each message is `<instance>-<lane>-<number>`. */
export async function audit(url: string, stream: string): Promise<Audit> {
  const connection = await connect({ servers: url })
  const client = jetstream(connection)
  const highest = new Map<string, number>()
  const seen = new Set<string>()
  let [messages, duplicated, disordered] = [0, 0, 0]
  const consumer = await client.consumers.get(stream, { deliver_policy: DeliverPolicy.All, headers_only: true })
  const { num_pending: pending } = await consumer.info()
  for await (const message of pending === 0 ? [] : await consumer.consume({ max_messages: 10_000 })) {
    const id = message.headers?.get('Nats-Msg-Id') ?? ''
    const end = id.lastIndexOf('-')
    const [lane, number] = [id.slice(0, end), Number(id.slice(end + 1))]
    const before = highest.get(lane) ?? -1
    messages++
    if (seen.has(id)) duplicated++
    else if (number < before) disordered++
    seen.add(id)
    highest.set(lane, Math.max(before, number))
    if (message.info.pending === 0) break
  }
  await connection.close()
  return { messages, duplicated, disordered }
}
