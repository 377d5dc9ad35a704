import type { Schema } from '@memlane/protocol'
import type { ProcessOptions } from './queue-options.js'
import { type DeliveryHandler, type ProcessedQueue, QueueProcessing } from './queue-processing.js'
import { within } from './within.js'

/** The calls of `process` that run on one consumer. */
export class ProcessCalls<S extends Schema> {
  readonly #queue: ProcessedQueue<S>
  readonly #running = new Set<QueueProcessing<S>>()

  constructor(queue: ProcessedQueue<S>) {
    this.#queue = queue
  }

  /** As `QueueReader.process`. */
  async run(handler: DeliveryHandler<S>, options: ProcessOptions): Promise<void> {
    const { concurrency = 1, signal = new AbortController().signal } = options
    const processing = new QueueProcessing(this.#queue, handler, concurrency)
    this.#running.add(processing)
    try {
      await processing.run(signal)
    } finally {
      this.#running.delete(processing)
    }
  }

  /** Waits until no handler runs, or until the time has passed. Returns undefined if there is nothing to wait for. */
  idleWithin(timeoutMs: number): Promise<void> | undefined {
    if (this.#running.size === 0 || timeoutMs === 0) return undefined
    return within(Promise.all([...this.#running].map((processing) => processing.idle())), timeoutMs)
  }
}
