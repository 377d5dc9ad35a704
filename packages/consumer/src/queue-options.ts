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
