import { isPromise, roundIfDue } from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import type { Schema } from '@memlane/protocol'
import type { Delivery } from './delivery.js'
import { reasonOf } from './reasons.js'

/** What `process` needs of a queue's consumer. */
export interface ProcessedQueue<S extends Schema> {
  /** True once no more messages may be taken. */
  isStopped(): boolean
  tryTake(): Delivery<S> | undefined
  /** Waits until there may be a message, or the queue is stopped. Rejects if the signal aborts. */
  wait(signal: AbortSignal): Promise<unknown>
  /** Tells that a handler has failed. */
  failed(error: unknown, delivery: Delivery<S>): void
}

/** What `process` calls for each message. If it returns a promise, the message is acknowledged when that resolves. */
export type DeliveryHandler<S extends Schema> = (delivery: Delivery<S>) => unknown

/** One call of `process`: runs the handler for up to `concurrency` messages at a time. */
export class QueueProcessing<S extends Schema> {
  readonly #queue: ProcessedQueue<S>
  readonly #handler: DeliveryHandler<S>
  readonly #concurrency: number
  #running = 0
  /** Called when a handler has ended. */
  #onEnd: (() => void) | undefined

  constructor(queue: ProcessedQueue<S>, handler: DeliveryHandler<S>, concurrency: number) {
    this.#queue = queue
    this.#handler = handler
    this.#concurrency = concurrency
  }

  /** Runs until the signal aborts or the queue is stopped. Settles when all handlers have ended, even if it rejects. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#handleAll(signal)
    } finally {
      await this.idle()
    }
  }

  /** Resolves when no handler runs. */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#oneEnds()
  }

  async #handleAll(signal: AbortSignal): Promise<void> {
    const queue = this.#queue
    while (!signal.aborted && !queue.isStopped()) {
      if (this.#running >= this.#concurrency) {
        await this.#oneEnds()
        continue
      }
      const delivery = queue.tryTake()
      if (delivery !== undefined) {
        this.#start(delivery)
        const round = roundIfDue()
        if (round !== undefined) await round
        continue
      }
      try {
        await queue.wait(signal)
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }

  #start(delivery: Delivery<S>): void {
    let result: unknown
    try {
      result = this.#handler(delivery)
    } catch (error) {
      this.#fail(delivery, error)
      return
    }
    if (!isPromise(result)) {
      this.#acknowledge(delivery)
      return
    }
    this.#running++
    result.then(
      () => this.#end(() => this.#acknowledge(delivery)),
      (error) => this.#end(() => this.#fail(delivery, error)),
    )
  }

  #end(settle: () => void): void {
    this.#running--
    try {
      settle()
    } finally {
      const onEnd = this.#onEnd
      this.#onEnd = undefined
      onEnd?.()
    }
  }

  #oneEnds(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#onEnd
      this.#onEnd = () => {
        before?.()
        resolve()
      }
    })
  }

  #acknowledge(delivery: Delivery<S>): void {
    if (delivery.settled) return
    try {
      delivery.ack()
    } catch (error) {
      this.#queue.failed(error, delivery) // taken away
    }
  }

  #fail(delivery: Delivery<S>, error: unknown): void {
    try {
      if (!delivery.settled) delivery.retry({ reason: reasonOf(error) })
    } catch (problem) {
      if (!isTakenAway(problem)) throw problem // otherwise another consumer has the message already
    } finally {
      this.#queue.failed(error, delivery)
    }
  }
}

function isTakenAway(error: unknown): boolean {
  return error instanceof SharedMemoryError && error.code === 'TAKEN_AWAY'
}
