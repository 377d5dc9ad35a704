import { DeliverPolicy } from '@nats-io/jetstream'
import { abortable } from '../../link/abortable.js'
import type { Clients } from '../../link/link.js'
import { MESSAGE_ID, ORIGIN } from '../../message/headers.js'

/** Which part of a stream of JetStream to search. */
export interface StoredSearch {
  readonly jetstream: string
  readonly subject: string
  /** The bridge that has published the messages. */
  readonly origin: string
  /** Only messages behind this sequence. */
  readonly after: number
}

/**
 * Finds what a bridge has published: the ids of its messages. JetStream remembers ids only for the duplicate window, but it keeps the
 * headers of the messages. Only headers are transferred.
 *
 * @throws the signal's reason if it aborts; an error of the server
 */
export async function storedIds(
  { jetstream: client }: Clients,
  { jetstream, subject, origin, after }: StoredSearch,
  signal: AbortSignal,
): Promise<Set<string>> {
  const ids = new Set<string>()
  const consumer = await client.consumers.get(jetstream, {
    filter_subjects: subject,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    headers_only: true,
  })
  const { num_pending: count } = await consumer.info()
  if (count === 0) return ids
  const messages = await consumer.consume({ max_messages: 1000 })
  const stop = () => void messages.close()
  signal.addEventListener('abort', stop)
  try {
    for await (const { headers, info } of messages) {
      if (headers?.get(ORIGIN) === origin) ids.add(headers.get(MESSAGE_ID))
      if (info.pending === 0) break
    }
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', stop)
    await abortable(consumer.delete(), signal).catch(() => {}) // the server deletes it after some minutes, too
  }
  return ids
}
