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

/** Messages of one request. */
const BATCH = 1000
/** How long a request waits for the rest of its messages. */
const BATCH_MS = 5_000

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
  try {
    // Messages that were counted may be removed meanwhile. Then the last batch is empty.
    for (let pending = count; pending > 0; ) {
      signal.throwIfAborted()
      const before = pending
      for await (const { headers, info } of await consumer.fetch({ max_messages: BATCH, expires: BATCH_MS })) {
        if (headers?.get(ORIGIN) === origin) ids.add(headers.get(MESSAGE_ID))
        pending = info.pending
        if (pending === 0) break
      }
      if (pending === before) pending = (await consumer.info()).num_pending
    }
  } finally {
    await abortable(consumer.delete(), signal).catch(() => {}) // the server deletes it after some minutes, too
  }
  return ids
}
