import type { Msg } from '@nats-io/nats-core'
import { factsOf, type ReceivedFacts } from '../message/received-facts.js'

/** A message that JetStream has delivered. */
export interface Delivery {
  readonly message: Msg
  readonly facts: ReceivedFacts
  /** Its number in the stream of JetStream. */
  readonly sequence: number
  /** Counts the deliveries to this consumer, from 1 on. */
  readonly count: number
  /** When JetStream stored it: nanoseconds since 1970, as decimal digits. */
  readonly time: string
  /** Messages that this consumer has not delivered yet. */
  readonly pending: number
}

/** Reads the facts that JetStream puts into the reply subject. @returns undefined for a message of another origin */
export function deliveryOf(message: Msg): Delivery | undefined {
  const tokens = (message.reply ?? '').split('.')
  // "$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<count>.<time>.<pending>"; newer servers have domain and account
  // before the stream, and may have more behind
  const first = tokens.length === 9 ? 5 : 7
  if (tokens.length < first + 4 || tokens[1] !== 'ACK') return undefined
  return {
    message,
    facts: factsOf(message),
    sequence: Number(tokens[first]),
    count: Number(tokens[first + 1]),
    time: tokens[first + 2] as string,
    pending: Number(tokens[first + 3]),
  }
}
