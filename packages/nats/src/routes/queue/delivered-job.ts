import type { Msg } from '@nats-io/nats-core'

/** A job as JetStream has delivered it. */
export interface DeliveredJob {
  /** Its sequence in the stream and when it was stored there: see JournalEntry. */
  readonly key: string
  /** Where JetStream takes acknowledgements. */
  readonly ack: string
  readonly message: Msg
}

/**
 * Reads a message that a pull got. Its reply subject is `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<delivery sequence>.<time>.<pending>`; newer
 * servers have `<domain>.<account>` before the stream, and a random token at the end.
 *
 * @returns undefined for a message that JetStream has not delivered
 */
export function deliveredJob(message: Msg): DeliveredJob | undefined {
  const { reply = '' } = message
  const tokens = reply.split('.')
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined
  const start = tokens.length === 9 ? 4 : 6
  return { key: `${tokens[start + 1]}-${tokens[start + 3]}`, ack: reply, message }
}
