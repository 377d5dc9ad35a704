/** A message on its way out, as it is published: now, again, or later from the spill file. */
export interface Outgoing {
  readonly subject: string
  /** Its `Nats-Msg-Id`. */
  readonly id: string
  /** The header lines, each with its line end. */
  readonly headers: string
  readonly payload: Uint8Array
  readonly sender: Sender
  /** The lane of its producer, and its number there. */
  readonly lane: number
  readonly sequence: number
  /** Where the sender continues behind this message. */
  readonly end: number
}

/** Where messages come from. */
export interface Sender {
  /** The message has reached JetStream, or JetStream will never take it. Called in the order of the messages. */
  settle(message: Outgoing): void
}
