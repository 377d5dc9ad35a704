import {
  Bells,
  type CallChannel,
  type ClientProcedure,
  countConsumers,
  deadlineAfter,
  idempotentProcedures,
  Participant,
  roundIfDue,
  SlotPeers,
  timeLeft,
  type WaitCondition,
  type WaitStrategy,
} from '@memlane/channel'
import type { Doorbell, SharedMemoryError } from '@memlane/core'
import { microtask, now, steadyNow } from '@memlane/core/internal'
import {
  ANSWERED,
  type CallControl,
  CallWriter,
  CLIENT_PID,
  changeSlot,
  consumerOf,
  DIED,
  DONE,
  EXPIRED,
  kindOf,
  LATE,
  loadSlot,
  PART,
  ProducerPlace,
  READY,
  RETURNED_CALL,
  TAKEN,
  withKindOf,
} from '@memlane/protocol/internal'
import type { PendingCall } from './pending-call.js'
import { decodeError, type RemoteError } from './remote-error.js'

/** With so few calls in flight, looking at their slots is faster than looking at the completion bits. */
const FEW_CALLS = 8

/** A wait for a living server. */
export interface ServerWait {
  readonly deadline: number
  settle(isThere: boolean): void
  fail(error: unknown): void
}

/** The calls of one client: sends them, waits for what happens to them, and settles each. */
export class CallSlots {
  readonly participant: Participant<CallChannel>
  readonly control: CallControl
  readonly #place: ProducerPlace
  readonly #writer: CallWriter
  readonly #servers: Bells
  readonly #peers: SlotPeers
  readonly #condition: WaitCondition
  /** What a call that blocks the thread waits for, in the slot whose index is `#blockedOn`. */
  readonly #answered: WaitCondition
  #blockedOn = 0
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

  /** @param place the producer place that this process has claimed */
  constructor(channel: CallChannel, place: number, waitStrategy?: WaitStrategy) {
    const { control } = channel
    this.control = control
    this.participant = new Participant(channel, control.producers, place, waitStrategy)
    this.#servers = Bells.of(channel, control.consumers)
    control.cleanUpAfter(
      place,
      () => true,
      (server) => this.#servers.ringSleeper(server),
    )
    control.clearDone(place)
    this.#place = new ProducerPlace(control, place)
    control.words[control.producers.slotIndex(place) + CLIENT_PID] = process.pid
    this.#servers.ringSleepers() // they must watch this client from now on
    this.#writer = new CallWriter(control, place)
    this.#bySlot = new Array(this.#writer.capacity)
    const isIdempotent = idempotentProcedures(channel)
    const bells = { consumers: this.#servers, producers: Bells.of(channel, control.producers) }
    this.#peers = new SlotPeers(channel, bells, (index, word, isDead) => {
      // An answer, too: its server may have died before it told.
      const isAnswer = kindOf(word) === ANSWERED
      if (isAnswer || control.giveUp(index, consumerOf(word), isDead, isIdempotent) !== undefined) {
        control.announceDone(index)
      }
    })
    this.#condition = { isThere: () => this.#isAnythingThere(), watchPeers: (bell) => this.#watch(bell) }
    this.#answered = {
      isThere: () => this.participant.closed || isNews(kindOf(loadSlot(control.words, this.#blockedOn))),
      quick: { isThere: () => isNews(kindOf(loadSlot(control.words, this.#blockedOn))) },
      watchPeers: this.#peers.watchConsumers,
    }
  }

  /** @throws SharedMemoryError `CLOSED`, as the error of a call that was not sent */
  checkOpen(): void {
    if (this.participant.closed) throw this.#ending('CLOSED', 'this client is closed', false)
  }

  /** How many calls are not settled. */
  get pending(): number {
    return this.#active.length + this.#queued.length
  }

  /**
   * Sends a call, or queues it until a slot is free.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  begin(call: PendingCall): void {
    this.checkOpen()
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
    const index = this.#writer.indexOf(call.slot)
    const { words } = this.control
    const word = loadSlot(words, index)
    if (kindOf(word) === PART && changeSlot(words, index, word, withKindOf(word, TAKEN))) {
      this.#servers.ringSleeper(consumerOf(word))
    } else this.#hasUntold = true // the server has died meanwhile
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

  /**
   * Calls a procedure, blocking this thread.
   *
   * @param write writes the request into the slot, and returns its length
   * @param read reads the answer out of the slot
   * @returns what `read` returned
   * @throws as a method of the client; TypeError while another call waits: it could never finish
   */
  callSync<Result>(
    procedure: ClientProcedure,
    write: (index: number) => number,
    read: (index: number) => Result,
    timeoutMs: number,
  ): Result {
    const { waiter } = this.participant
    this.checkOpen()
    if (this.pending > 0 || this.#serverWaits.size > 0) {
      throw new TypeError(
        'cannot block: another call of this client, which has no answer yet, would never finish. Await it first',
      )
    }
    waiter.stop() // of calls that have been given up
    const deadline = deadlineAfter(timeoutMs)
    const slot = this.#claimSync(procedure, deadline, timeoutMs)
    const index = this.#writer.indexOf(slot)
    try {
      const length = write(index)
      this.checkOpen() // it may have closed the client
      if (this.#writer.publish(slot, procedure.number, length, steadyDeadline(deadline)) !== 0)
        this.#servers.ringSleepers()
      this.#blockedOn = index
      if (!waiter.waitSync(this.#answered, timeLeft(deadline))) {
        const taken = this.#cancel(index)
        if (taken !== undefined) throw this.#timedOut(procedure, taken, timeoutMs)
      }
      const error = this.#errorIn(procedure, slot)
      if (error !== undefined) throw error
      return read(index)
    } catch (error) {
      if (!this.participant.closed) this.#cancel(index) // the wait may have failed
      throw this.participant.channel.explain(error)
    } finally {
      if (!this.participant.closed) this.#writer.vacate(slot)
    }
  }

  /** Ends all calls with `CLOSED`. */
  close(): void {
    const { channel } = this.participant
    const ended: (() => void)[] = []
    for (const call of [...this.#active]) {
      const taken = this.#giveUp(call)
      if (taken === undefined) this.#look(call)
      else ended.push(() => call.fail(this.#ending('CLOSED', 'this client was closed', taken)))
    }
    for (const call of this.#queued.splice(0)) {
      ended.push(() => call.fail(this.#ending('CLOSED', 'this client was closed', false)))
    }
    for (const wait of this.#serverWaits) ended.push(() => wait.fail(channel.error('CLOSED', 'this client is closed.')))
    this.#serverWaits.clear()
    this.participant.close(() => {
      this.#place.close()
      this.#servers.ringSleepers()
    })
    for (const end of ended) end()
  }

  #send(call: PendingCall, slot: number): void {
    const { procedure } = call
    const index = this.#writer.indexOf(slot)
    let length: number
    try {
      length = this.write(procedure, index, call.request)
      this.checkOpen() // a getter of the request may have closed the client
    } catch (error) {
      if (!this.participant.closed) this.#writer.vacate(slot)
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
    if (this.#writer.publish(slot, procedure.number, length, steadyDeadline(call.deadline)) !== 0) {
      this.#servers.ringSleepers()
    }
  }

  /**
   * Writes a request into a slot.
   *
   * @returns its length
   * @throws TypeError, RangeError for a request that does not fit; SharedMemoryError `CLOSED` if a getter of it has closed this client
   */
  write(procedure: ClientProcedure, index: number, request: unknown): number {
    try {
      return this.#encode(procedure, index, request)
    } catch (error) {
      this.checkOpen()
      throw error
    }
  }

  #encode({ name, request: codec }: ClientProcedure, index: number, request: unknown): number {
    const { data, header } = this.control
    const offset = this.control.requestOf(index)
    if (codec.checkAndPut !== undefined) {
      codec.checkAndPut(data, offset, request)
      return codec.fixedLength as number
    }
    const length = codec.measure(request)
    if (length > header.maxRequestLength) {
      throw new RangeError(
        `a request of ${name} has ${length} bytes, and maxRequestLength is ${header.maxRequestLength}. Serve with a larger ` +
          'maxRequestLength.',
      )
    }
    return codec.encode(data, offset, request)
  }

  #claimSync(procedure: ClientProcedure, deadline: number, timeoutMs: number): number {
    const { waiter } = this.participant
    let slot = this.#writer.claim()
    while (slot === -1) {
      const isThere = () => this.participant.closed || this.#writer.hasVacant()
      if (!waiter.waitSync({ isThere, watchPeers: this.#peers.watchConsumers }, timeLeft(deadline))) {
        throw this.#timedOut(procedure, false, timeoutMs)
      }
      this.checkOpen()
      slot = this.#writer.claim()
    }
    return slot
  }

  /** Makes `#run` run until nothing is pending. */
  #await(deadline: number): void {
    const isEarlier = deadline < this.#nextDeadline
    if (isEarlier) this.#nextDeadline = deadline
    if (!this.#isRunning) {
      this.#isRunning = true
      microtask(this.#run) // after the calls that the program makes now
    } else if (isEarlier) this.participant.waiter.stop() // it waits for too long
  }

  readonly #run = (): void => {
    const { waiter } = this.participant
    for (;;) {
      this.#collect()
      if (this.participant.closed || this.#isIdle()) {
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
    if (this.#isIdle() || this.#queued.length > 0) this.participant.waiter.stop()
  }

  #isIdle(): boolean {
    return this.pending === 0 && this.#serverWaits.size === 0
  }

  #isAnythingThere(): boolean {
    if (this.#hasUntold || this.participant.closed || this.#isIdle()) return true
    if (this.#queued.length > 0 && this.#writer.hasVacant()) return true
    return this.#active.length > FEW_CALLS ? this.#writer.hasDone() : this.#hasNews()
  }

  #hasNews(): boolean {
    const { words } = this.control
    for (const call of this.#active) {
      const kind = kindOf(loadSlot(words, this.#writer.indexOf(call.slot)))
      if (isNews(kind) && !(kind === PART && call.isPaused)) return true
    }
    return false
  }

  /** As `WaitCondition.watchPeers`: watches the servers, and cleans up after those that died. Also the last look before a sleep. */
  #watch(bell: Doorbell | undefined): boolean {
    const isAnyDead = this.#peers.watchConsumers(bell)
    // The completion bits are hints: a server may have died before it set one.
    if (this.#hasNews() || (this.#serverWaits.size > 0 && countConsumers(this.participant.channel) > 0)) {
      this.#hasUntold = true
    }
    return isAnyDead
  }

  /** Settles what can be settled now, and sends what waits for a slot. */
  #collect(): void {
    if (this.participant.closed) return
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
    if (this.#serverWaits.size > 0 && countConsumers(this.participant.channel) > 0) this.#settleWaits(() => true, true)
    if (this.#nextDeadline !== Infinity && now() >= this.#nextDeadline) this.#expire()
  }

  /** Looks at the slot of a call, and settles the call if it has ended. */
  #look(call: PendingCall): void {
    if (call.position === -1) return // a settled call has ended this one
    const { procedure, slot } = call
    const index = this.#writer.indexOf(slot)
    const kind = kindOf(loadSlot(this.control.words, index))
    if (!isNews(kind) || (kind === PART && call.isPaused)) return
    let error: unknown
    try {
      if (kind === PART) {
        call.readParts(index)
        this.#hasSettled = true
        return
      }
      error = this.#errorIn(procedure, slot)
      if (error === undefined) call.read(index)
    } catch (thrown) {
      error = this.participant.channel.explain(thrown)
    }
    if (kind !== PART || this.#giveUp(call) === undefined) this.#remove(call)
    this.#hasSettled = true
    if (error === undefined) call.finish()
    else call.fail(error)
  }

  /** The error of a call that has ended; undefined if its answer is there. */
  #errorIn(procedure: ClientProcedure, slot: number): SharedMemoryError | RemoteError | undefined {
    const { control } = this
    const index = this.#writer.indexOf(slot)
    this.participant.checkOpen()
    const kind = kindOf(loadSlot(control.words, index))
    const { name } = procedure
    if (kind === DIED) {
      const server = `the server that had taken this call of ${name}, process ${control.pidOf(index)},`
      return this.#ending('DIED', `${server} died or closed before it had answered`, true)
    }
    if (kind !== ANSWERED) {
      return this.participant.channel.error(
        'CORRUPT',
        `the slot of a call of ${name} has kind ${kind} (offset ${index * 4}).`,
      )
    }
    const status = control.statusOf(index)
    if (status === DONE) return undefined
    if (status === LATE) return this.#timedOut(procedure, true)
    if (status === EXPIRED) {
      // A server that died may have begun an idempotent call.
      return this.#ending('TIMED_OUT', `no server began this call of ${name} in time`, this.#writer.takesOf(slot) > 1)
    }
    const [offset, length] = [control.answerOf(index), control.answerLengthOf(index)]
    return decodeError(name, new Uint8Array(control.data.buffer, offset, length).slice())
  }

  #expire(): void {
    const time = now()
    for (const call of [...this.#active]) {
      if (call.deadline > time) continue
      const taken = this.#giveUp(call)
      if (taken === undefined) this.#look(call)
      else call.fail(this.#timedOut(call.procedure, taken))
    }
    for (const call of this.#queued.splice(0)) {
      if (call.deadline > time) this.#queued.push(call)
      else call.fail(this.#timedOut(call.procedure, false))
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
    const taken = this.#cancel(this.#writer.indexOf(call.slot))
    if (taken !== undefined) this.#remove(call)
    return taken
  }

  #cancel(index: number): boolean | undefined {
    const word = this.control.cancel(index)
    const kind = kindOf(word)
    if (kind === READY) return false
    if (kind === RETURNED_CALL) return true
    if (kind !== TAKEN && kind !== PART) return isEnd(kind) ? undefined : true
    this.#servers.ringSleeper(consumerOf(word))
    return true
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

  #timedOut({ name }: ClientProcedure, taken: boolean, timeoutMs?: number): SharedMemoryError {
    const time = timeoutMs === undefined ? 'in time' : `within ${timeoutMs} ms`
    const why = taken ? 'a server has taken it' : 'no server has taken it'
    return this.#ending('TIMED_OUT', `no answer to this call of ${name} ${time}: ${why}`, taken)
  }

  #ending(code: 'DIED' | 'TIMED_OUT' | 'CLOSED', what: string, taken: boolean): SharedMemoryError {
    const outcome = taken ? 'The procedure may have run.' : 'The procedure did not run.'
    const error = this.participant.channel.error(code, `${what}. ${outcome}`)
    return Object.assign(error, { taken })
  }
}

/** Tells whether a client must look at a slot of that kind. */
function isNews(kind: number): boolean {
  return kind !== READY && kind !== TAKEN && kind !== RETURNED_CALL
}

/** Tells whether a call has ended: its slot is its client's again. */
function isEnd(kind: number): boolean {
  return kind === ANSWERED || kind === DIED
}

/** A deadline as the memory has it: on the steady clock of the system; 0 for never. */
function steadyDeadline(deadline: number): number {
  return deadline === Infinity ? 0 : steadyNow() + (deadline - now())
}
