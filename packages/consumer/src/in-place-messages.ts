import { refusePromise } from '@memlane/channel'
import type { PayloadView, ReadonlyMessageView, Schema } from '@memlane/protocol'
import {
  debugsViews,
  endView,
  KEPT,
  LENGTH,
  type QueueControl,
  type QueueTaker,
  SLOT_HEADER_LENGTH,
} from '@memlane/protocol/internal'
import { reasonOf } from './reasons.js'
import type { TakenMessages } from './taken-messages.js'

/**
 * Hands over messages in place, and acknowledges each when its handler has returned. Its fields are TypeScript-private for speed:
 * see LaneWriter.
 */
export class InPlaceMessages<S extends Schema> {
  private readonly messages: TakenMessages<S>
  private readonly taker: QueueTaker
  private readonly control: QueueControl
  private readonly words: Int32Array
  private readonly view: PayloadView<ReadonlyMessageView<S>>
  private readonly endsViews = debugsViews()
  /** The slot whose message the handler has now; -1 if there is none. */
  private index = -1
  private taken = 0
  private isStopped = false

  constructor(messages: TakenMessages<S>, taker: QueueTaker) {
    this.messages = messages
    this.taker = taker
    this.control = messages.control
    this.words = messages.control.words
    this.view = messages.codec.readonlyView(messages.control.data)
  }

  /** Hands over up to `limit` messages. Returns how many there were. */
  poll(handle: (message: ReadonlyMessageView<S>) => unknown, limit: number): number {
    if (this.index !== -1) throw new TypeError('poll was called in the handler of poll')
    let count = 0
    while (count < limit && !this.isStopped) {
      const index = this.taker.take()
      if (index === -1) break
      this.index = index
      this.taken = this.taker.taken
      this.messages.loseOlder(index)
      try {
        if (!this.handOver(index, handle)) {
          this.index = -1
          continue
        }
      } catch (error) {
        this.giveBack(error)
        throw this.messages.channel.explain(error)
      }
      count++
      if (this.index === -1) break // the handler has closed the queue
      this.index = -1
      if (!this.messages.acknowledge({ index, taken: this.taken })) throw this.messages.takenAway()
    }
    return count
  }

  /** Ends a running `poll` after the message that its handler has. */
  stop(): void {
    this.isStopped = true
  }

  /** Gives back the message that a handler has while the queue is closed. */
  close(): void {
    if (this.index !== -1) this.leave('free', '')
    this.view.end?.('the queue is closed')
  }

  /** False if the message was taken away before the handler saw it. */
  private handOver(index: number, handle: (message: ReadonlyMessageView<S>) => unknown): boolean {
    if (this.messages.copies) return this.handOverCopy(index, handle)
    const length = this.words[index + LENGTH] as number
    if (!(length >= 0 && length <= this.control.maxMessageLength)) this.control.lengthOf(index) // throws
    const shown = this.view.at(index * 4 + SLOT_HEADER_LENGTH, length)
    try {
      const result = handle(shown)
      if (result !== undefined) refusePromise(result)
    } finally {
      if (this.endsViews) endView(shown, KEPT)
    }
    return true
  }

  /** With `maxProcessingMs`, the slot may be filled again while the handler runs. */
  private handOverCopy(index: number, handle: (message: ReadonlyMessageView<S>) => unknown): boolean {
    const { messages } = this
    const copy = messages.copy(index, this.taken)
    if (copy === undefined) return false
    const result = handle(messages.show(copy, 0, copy.byteLength).view)
    if (result !== undefined) refusePromise(result)
    return true
  }

  private giveBack(error: unknown): void {
    if (this.index !== -1) this.leave('counts', reasonOf(error))
  }

  private leave(as: 'free' | 'counts', reason: string): void {
    const { index, taken } = this
    this.index = -1
    this.messages.giveBack({ index, taken }, { as, notBefore: 0, reason })
  }
}
