import { type Participant, type QueueChannel, type SlotPeers, timeLeft, type WaitCondition } from '@memlane/channel'
import { MAX_TIMEOUT_MS, steadyNow } from '@memlane/core/internal'
import type { QueueTaker } from '@memlane/protocol/internal'

/** How a consumer of a queue waits: for a message, for the time of a delayed one, or until it is stopped. */
export class QueueWaits {
  readonly #participant: Participant<QueueChannel>
  readonly #taker: QueueTaker
  readonly #isStopped: () => boolean
  readonly #condition: WaitCondition

  constructor(participant: Participant<QueueChannel>, taker: QueueTaker, peers: SlotPeers, isStopped: () => boolean) {
    this.#participant = participant
    this.#taker = taker
    this.#isStopped = isStopped
    this.#condition = { isThere: () => isStopped() || taker.isThere(), watchPeers: peers.watch }
  }

  /**
   * Waits until there may be a message.
   *
   * @returns false after the deadline
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`
   */
  async wait(signal: AbortSignal | undefined, deadline: number): Promise<boolean> {
    for (;;) {
      const timeoutMs = Math.min(timeLeft(deadline), this.#untilDue())
      const found = await this.#participant.waiter.wait(this.#condition, { ...(signal && { signal }), timeoutMs })
      this.#checkTaking()
      if (found) return true
      if (timeLeft(deadline) === 0) return false
    }
  }

  /** Waits once, without an error when the consumer is stopped. */
  async waitOnce(signal: AbortSignal): Promise<unknown> {
    if (this.#isStopped()) return undefined
    return this.#participant.waiter.wait(this.#condition, { signal, timeoutMs: this.#untilDue() })
  }

  /** As `wait`, but blocks this thread. */
  waitSync(deadline: number): boolean {
    for (;;) {
      const timeoutMs = Math.min(timeLeft(deadline), this.#untilDue())
      const found = this.#participant.waiter.waitSync(this.#condition, timeoutMs)
      this.#checkTaking()
      if (found) return true
      if (timeLeft(deadline) === 0) return false
    }
  }

  #checkTaking(): void {
    if (this.#isStopped()) throw this.#participant.closedError()
  }

  /** Milliseconds until a delayed message may be taken. */
  #untilDue(): number {
    const { due } = this.#taker
    return due === Infinity ? Infinity : Math.min(MAX_TIMEOUT_MS, Math.max(0, Math.ceil(due - steadyNow())))
  }
}
