import { steadyNow } from '@memlane/core/internal'
import { DeliverPolicy, jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

/** What JetStream has stored, by the numbers that the bridges gave the messages. */
export interface Audit {
  readonly messages: number
  /** Messages that it has more than once. */
  readonly duplicated: number
  /** Messages behind a later one of the same lane. */
  readonly disordered: number
  /** The first of these. */
  readonly wrong: readonly { readonly id: string; readonly highest: number; readonly atMs: number }[]
}

/** How many wrong messages are told one by one. */
const SHOWN = 20

/** Reads a whole stream of JetStream. The identity of each message is `<instance>-<lane>-<number>`. */
export async function audit(url: string, stream: string): Promise<Audit> {
  const connection = await connect({ servers: url })
  const client = jetstream(connection)
  const highest = new Map<string, number>()
  const seen = new Set<string>()
  const wrong: { id: string; highest: number; atMs: number }[] = []
  const steadyOffset = steadyNow() - Date.now()
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
    if (number <= before && wrong.length < SHOWN) {
      wrong.push({ id, highest: before, atMs: Math.round(message.info.timestampNanos / 1e6 + steadyOffset) })
    }
    seen.add(id)
    highest.set(lane, Math.max(before, number))
    if (message.info.pending === 0) break
  }
  await connection.close()
  return { messages, duplicated, disordered, wrong }
}
