import {
  type CallChannel,
  countConsumers,
  type Participant,
  roundIfDue,
  timeLeft,
  type WaitCondition,
} from '@memlane/channel'
import type { Doorbell } from '@memlane/core'
import { microtask, now } from '@memlane/core/internal'
import { type CallWriter, kindOf, loadSlot, PART } from '@memlane/protocol/internal'
import { endError, timedOutError } from './call-errors.js'
import { type CallSlots, isNews } from './call-slots.js'
import type { PendingCall } from './pending-call.js'

/** With so few calls in flight, looking at their slots is faster than looking at the completion bits. */
const FEW_CALLS = 8

/** A wait for a living server. */
export interface ServerWait {
  readonly deadline: number
  settle(isThere: boolean): void
  fail(error: unknown): void
}

/** The calls of one client that do not block its thread: sends them, waits for what happens to them, and settles each. */
export class PendingCalls {
  readonly #slots: CallSlots
  readonly #participant: Participant<CallChannel>
  readonly #writer: CallWriter
  readonly #condition: WaitCondition
  /** The calls that have slots. */
  readonly #active: PendingCall[] = []
  readonly #bySlot: (PendingCall | undefined)[]
  /** The calls that wait for a slot, in their order. */
  readonly #queued: PendingCall[] = []
  readonly #serverWaits = new Set<ServerWait>()
  /** No deadline is earlier. */
  #nextDeadline = Infinity
  /** True if a change was found that no completion bit tells. */
  #hasUntold = false
  #hasSettled = false
  #isRunning = false

  constructor(slots: CallSlots) {
    this.#slots = slots
    this.#participant = slots.participant
    this.#writer = slots.writer
    this.#bySlot = new Array(slots.writer.capacity)
    this.#condition = { isThere: () => this.#isAnythingThere(), watchPeers: (bell) => this.#watch(bell) }
  }

  /** How many calls are not settled. */
  get count(): number {
    return this.#active.length + this.#queued.length
  }

  /** True if no call is pending, and nothing waits for a server. */
  get isIdle(): boolean {
    return this.count === 0 && this.#serverWaits.size === 0
  }

  /**
   * Sends a call, or queues it until a slot is free.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  begin(call: PendingCall): void {
    this.#slots.checkOpen()
    const slot = this.#queued.length === 0 ? this.#writer.claim() : -1
    if (slot === -1) this.#queued.push(call)
    else this.#send(call, slot)
    this.#await(call.deadline)
  }

  /**
   * Gives up a call, unless its answer is there already: then the call gets that.
   *
   * @param error what it gets otherwise
   */
  abort(call: PendingCall, error: unknown): void {
    const position = this.#queued.indexOf(call)
    if (position !== -1) {
      this.#queued.splice(position, 1)
      call.fail(error)
    } else if (call.position !== -1) {
      if (this.#giveUp(call) === undefined) this.#look(call)
      else call.fail(error)
    } else {
      call.isGivenUp = true // its own request, which is being written, has given it up
      call.fail(error)
    }
    this.#endWaitIfNeedless()
  }

  /** Tells the server that it can send more parts. */
  handBack(call: PendingCall): void {
    if (call.position === -1) return
    const isHandedBack = this.#slots.handBack(this.#writer.indexOf(call.slot))
    if (!isHandedBack) this.#hasUntold = true // the server has died meanwhile
  }

  /** Waits until a server lives. */
  awaitServer(wait: ServerWait): void {
    this.#serverWaits.add(wait)
    this.#await(wait.deadline)
  }

  forgetServerWait(wait: ServerWait): boolean {
    const isForgotten = this.#serverWaits.delete(wait)
    this.#endWaitIfNeedless()
    return isForgotten
  }

  /** Ends all calls with `CLOSED`, and then the client. */
  close(): void {
    const { channel } = this.#slots
    const ended: (() => void)[] = []
    for (const call of [...this.#active]) {
      const taken = this.#giveUp(call)
      if (taken === undefined) this.#look(call)
      else ended.push(() => call.fail(endError(channel, 'CLOSED', 'this client was closed', taken)))
    }
    for (const call of this.#queued.splice(0)) {
      ended.push(() => call.fail(endError(channel, 'CLOSED', 'this client was closed', false)))
    }
    for (const wait of this.#serverWaits) ended.push(() => wait.fail(channel.error('CLOSED', 'this client is closed.')))
    this.#serverWaits.clear()
    this.#slots.close()
    for (const end of ended) end()
  }

  #send(call: PendingCall, slot: number): void {
    const { procedure } = call
    const index = this.#writer.indexOf(slot)
    let length: number
    try {
      length = this.#slots.write(procedure, index, call.request)
      this.#slots.checkOpen() // a getter of the request may have closed the client
    } catch (error) {
      if (!this.#participant.closed) this.#writer.vacate(slot)
      call.fail(error)
      return
    }
    if (call.isGivenUp) {
      this.#writer.vacate(slot)
      return
    }
    call.slot = slot
    call.position = this.#active.length
    this.#active.push(call)
    this.#bySlot[slot] = call
    this.#slots.publish(slot, procedure, length, call.deadline)
  }

  /** Makes `#run` run until nothing is pending. */
  #await(deadline: number): void {
    const isEarlier = deadline < this.#nextDeadline
    if (isEarlier) this.#nextDeadline = deadline
    if (!this.#isRunning) {
      this.#isRunning = true
      microtask(this.#run) // after the calls that the program makes now
    } else if (isEarlier) this.#participant.waiter.stop() // it waits for too long
  }

  readonly #run = (): void => {
    const { waiter } = this.#participant
    for (;;) {
      this.#collect()
      if (this.#participant.closed || this.isIdle) {
        this.#isRunning = false
        this.#nextDeadline = Infinity
        return
      }
      if (this.#hasSettled) {
        this.#hasSettled = false
        const round = roundIfDue()
        if (round === undefined)
          microtask(this.#run) // after the code that waits for what was settled
        else void round.then(this.#run)
        return
      }
      const timeoutMs = timeLeft(this.#nextDeadline)
      if (timeoutMs > 0 && !waiter.look(this.#condition, timeoutMs)) {
        waiter.waitAfterLook(this.#condition, { timeoutMs }).then(this.#run, this.#crash)
        return
      }
    }
  }

  /** An error that no call has caused, such as a bell that cannot be opened. */
  readonly #crash = (error: unknown): void => {
    this.#isRunning = false
    for (const call of [...this.#active]) {
      if (this.#giveUp(call) === undefined) this.#look(call)
      else call.fail(error)
    }
    for (const call of this.#queued.splice(0)) call.fail(error)
    for (const wait of this.#serverWaits) wait.fail(error)
    this.#serverWaits.clear()
  }

  /** Makes `#run` go on if nothing is pending any more, or if a queued call may have a slot now. */
  #endWaitIfNeedless(): void {
    if (this.isIdle || this.#queued.length > 0) this.#participant.waiter.stop()
  }

  #isAnythingThere(): boolean {
    if (this.#hasUntold || this.#participant.closed || this.isIdle) return true
    if (this.#queued.length > 0 && this.#writer.hasVacant()) return true
    return this.#active.length > FEW_CALLS ? this.#writer.hasDone() : this.#hasNews()
  }

  #hasNews(): boolean {
    const { words } = this.#slots.control
    for (const call of this.#active) {
      const kind = kindOf(loadSlot(words, this.#writer.indexOf(call.slot)))
      if (isNews(kind) && !(kind === PART && call.isPaused)) return true
    }
    return false
  }

  /** As `WaitCondition.watchPeers`: watches the servers, and cleans up after those that died. Also the last look before a sleep. */
  #watch(bell: Doorbell | undefined): boolean {
    const isAnyDead = this.#slots.peers.watchConsumers(bell)
    // The completion bits are hints: a server may have died before it set one.
    if (this.#hasNews() || (this.#serverWaits.size > 0 && countConsumers(this.#slots.channel) > 0)) {
      this.#hasUntold = true
    }
    return isAnyDead
  }

  /** Settles what can be settled now, and sends what waits for a slot. */
  #collect(): void {
    if (this.#participant.closed) return
    if (this.#hasUntold || this.#active.length <= FEW_CALLS) {
      this.#hasUntold = false
      for (const call of [...this.#active]) this.#look(call)
    } else {
      this.#writer.forEachDone((slot) => {
        const call = this.#bySlot[slot]
        if (call !== undefined) this.#look(call)
      })
    }
    while (this.#queued.length > 0) {
      const slot = this.#writer.claim()
      if (slot === -1) break
      this.#send(this.#queued.shift() as PendingCall, slot)
    }
    if (this.#serverWaits.size > 0 && countConsumers(this.#slots.channel) > 0) this.#settleWaits(() => true, true)
    if (this.#nextDeadline !== Infinity && now() >= this.#nextDeadline) this.#expire()
  }

  /** Looks at the slot of a call, and settles the call if it has ended. */
  #look(call: PendingCall): void {
    if (call.position === -1) return // a settled call has ended this one
    const { procedure, slot } = call
    const index = this.#writer.indexOf(slot)
    const kind = kindOf(loadSlot(this.#slots.control.words, index))
    if (!isNews(kind) || (kind === PART && call.isPaused)) return
    let error: unknown
    try {
      if (kind === PART) {
        call.readParts(index)
        this.#hasSettled = true
        return
      }
      error = this.#slots.errorIn(procedure, slot)
      if (error === undefined) call.read(index)
    } catch (thrown) {
      error = this.#slots.channel.explain(thrown)
    }
    if (kind !== PART || this.#giveUp(call) === undefined) this.#remove(call)
    this.#hasSettled = true
    if (error === undefined) call.finish()
    else call.fail(error)
  }

  #expire(): void {
    const time = now()
    for (const call of [...this.#active]) {
      if (call.deadline > time) continue
      const taken = this.#giveUp(call)
      if (taken === undefined) this.#look(call)
      else call.fail(timedOutError(this.#slots.channel, call.procedure, taken))
    }
    for (const call of this.#queued.splice(0)) {
      if (call.deadline > time) this.#queued.push(call)
      else call.fail(timedOutError(this.#slots.channel, call.procedure, false))
    }
    this.#settleWaits(({ deadline }) => deadline <= time, false)
    this.#nextDeadline = Infinity
    for (const { deadline } of [...this.#active, ...this.#queued, ...this.#serverWaits]) {
      this.#nextDeadline = Math.min(this.#nextDeadline, deadline)
    }
    this.#hasSettled = true
  }

  #settleWaits(isOver: (wait: ServerWait) => boolean, isThere: boolean): void {
    for (const wait of this.#serverWaits) {
      if (!isOver(wait)) continue
      this.#serverWaits.delete(wait)
      wait.settle(isThere)
      this.#hasSettled = true
    }
  }

  /** Gives up a call that has a slot. Tells whether a server had taken it; undefined if it has ended already. */
  #giveUp(call: PendingCall): boolean | undefined {
    const taken = this.#slots.cancel(this.#writer.indexOf(call.slot))
    if (taken !== undefined) this.#remove(call)
    return taken
  }

  #remove(call: PendingCall): void {
    const { slot, position } = call
    const last = this.#active.pop() as PendingCall
    if (last !== call) {
      this.#active[position] = last
      last.position = position
    }
    call.position = -1
    this.#bySlot[slot] = undefined
    this.#writer.vacate(slot)
  }
}
