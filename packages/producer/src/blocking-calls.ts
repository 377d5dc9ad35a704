import { type ClientProcedure, deadlineAfter, timeLeft, type WaitCondition } from '@memlane/channel'
import { kindOf, loadSlot } from '@memlane/protocol/internal'
import { timedOutError } from './call-errors.js'
import { type CallSlots, isNews } from './call-slots.js'
import type { PendingCalls } from './pending-calls.js'

/** The calls of one client that block their thread. */
export class BlockingCalls {
  readonly #slots: CallSlots
  readonly #pending: PendingCalls
  /** What a call waits for, in the slot at `#index`. */
  readonly #answered: WaitCondition
  /** What a call waits for that has no slot yet. */
  readonly #vacant: WaitCondition
  #index = 0

  constructor(slots: CallSlots, pending: PendingCalls) {
    const { participant, control, writer, peers } = slots
    const hasNews = () => isNews(kindOf(loadSlot(control.words, this.#index)))
    this.#slots = slots
    this.#pending = pending
    this.#answered = {
      isThere: () => participant.closed || hasNews(),
      quick: { isThere: hasNews },
      watchPeers: peers.watchConsumers,
    }
    this.#vacant = { isThere: () => participant.closed || writer.hasVacant(), watchPeers: peers.watchConsumers }
  }

  /**
   * Calls a procedure, and waits for its answer.
   *
   * @param write writes the request into the slot, and returns its length
   * @param read reads the answer out of the slot
   * @returns what `read` returned
   * @throws as a method of the client; TypeError while another call waits: it could never finish
   */
  call<Result>(
    procedure: ClientProcedure,
    write: (index: number) => number,
    read: (index: number) => Result,
    timeoutMs: number,
  ): Result {
    const slots = this.#slots
    const { participant, writer } = slots
    slots.checkOpen()
    if (!this.#pending.isIdle) {
      throw new TypeError(
        'cannot block: another call of this client, which has no answer yet, would never finish. Await it first',
      )
    }
    participant.waiter.stop() // of calls that have been given up
    const deadline = deadlineAfter(timeoutMs)
    const slot = this.#claim(procedure, deadline, timeoutMs)
    const index = writer.indexOf(slot)
    try {
      const length = write(index)
      slots.checkOpen() // it may have closed the client
      slots.publish(slot, procedure, length, deadline)
      this.#index = index
      if (!participant.waiter.waitSync(this.#answered, timeLeft(deadline))) {
        const taken = slots.cancel(index)
        if (taken !== undefined) throw timedOutError(slots.channel, procedure, taken, timeoutMs)
      }
      const error = slots.errorIn(procedure, slot)
      if (error !== undefined) throw error
      return read(index)
    } catch (error) {
      if (!participant.closed) slots.cancel(index) // the wait may have failed
      throw slots.channel.explain(error)
    } finally {
      if (!participant.closed) writer.vacate(slot)
    }
  }

  #claim(procedure: ClientProcedure, deadline: number, timeoutMs: number): number {
    const slots = this.#slots
    let slot = slots.writer.claim()
    while (slot === -1) {
      if (!slots.participant.waiter.waitSync(this.#vacant, timeLeft(deadline))) {
        throw timedOutError(slots.channel, procedure, false, timeoutMs)
      }
      slots.checkOpen()
      slot = slots.writer.claim()
    }
    return slot
  }
}
