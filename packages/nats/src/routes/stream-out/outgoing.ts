import type { LaneLabel } from './lane-label.js'

/** A message on its way out, as it is published: now, again, or later from the spill file. */
export interface Outgoing {
  readonly label: LaneLabel
  /** Its number in its lane. */
  readonly sequence: number
  /** When the bridge read it: milliseconds since 1970. */
  readonly time: number
  readonly payload: Uint8Array
  readonly sender: Sender
  /** Where the sender continues behind this message. */
  readonly end: number
}

/** Keeps messages until they are settled: a lane, or the spill file. */
export interface Sender {
  /** The message is kept elsewhere from now on. Called in the order of the messages. */
  release(message: Outgoing): void
  /** The message has reached JetStream, or JetStream will never take it. Likewise. */
  settle(message: Outgoing): void
}
