import type { Schema } from '@memlane/protocol'
import type { Delivery } from './delivery.js'

/** How `process` runs its handler. */
export interface ProcessOptions {
  /** How many handlers run at a time. Default 1. */
  concurrency?: number
  /** Ends the processing: `process` resolves when the running handlers have ended. */
  signal?: AbortSignal
}

/** How long `close` waits. */
export interface CloseOptions {
  /** Milliseconds that running handlers of `process` may still take. Default: without limit. */
  timeoutMs?: number
}

/** Where a dead letter lies: `inspectDeadLetters` of `@memlane/inspect` finds them. */
export interface DeadLetterPlace {
  /** The slot of its producer. */
  readonly producer: number
  /** The number of the slot among the producer's. */
  readonly slot: number
  /** How many times the slot had been taken: tells this letter from a later one in the same slot. */
  readonly generation: number
}

/** Which dead letters to go through. */
export interface DeadLetterOptions {
  /** Only the letter at this place, if it is still there. All others stay untouched. Default: all letters. */
  only?: DeadLetterPlace
}

/** What became a dead letter. */
export interface DeadMessage {
  readonly deliveryCount: number
  readonly reason: string
  /** The process of its last consumer. */
  readonly pid: number
}

/** The events of a queue's consumer, with the arguments of their listeners. An error that a listener throws is an uncaught exception. */
export interface QueueEvents<S extends Schema> {
  /** This consumer got a message that had been delivered before. */
  redelivered: [delivery: Delivery<S>]
  /** A message became a dead letter, through this consumer or because another one died and this one cleaned up after it. Emitted a bit later, by the event loop. */
  dead: [message: DeadMessage]
  /** A handler of `process` has thrown or rejected, or its message was taken away before it ended. */
  failed: [error: unknown, delivery: Delivery<S>]
}
