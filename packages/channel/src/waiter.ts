/**
 * How a participant waits for what another one does in shared memory.
 *
 *   look    reads the memory again and again without a pause: the fastest way, and uses a whole CPU
 *   sleep   in the kernel, until the doorbell rings
 *
 * `adaptive` looks for up to 50 microseconds and then sleeps. If looks have not helped recently, it sleeps at once. It learns
 * this separately for waits after this thread has rung a bell: then a peer was asleep, and may need this CPU to wake up.
 * `park` sleeps at once. `spin` never sleeps: it looks, and lets the event loop run once between two looks.
 *
 * A sleeper sets its mark, has the bell watch its peers, checks once more, and only then sleeps. So if a peer has something for
 * it and dies before it rings, the sleeper either sees that or is woken by the death. A ring may be late or spurious: then all of
 * this begins again. (`Doze` says what else a sleeper does.)
 */

import type { Doorbell, WaitOptions } from '@memlane/core'
import { checkOneOf, clearImmediate, clearTimeout, now, setImmediate, setTimeout } from '@memlane/core/internal'
import type { SleepMark } from '@memlane/protocol/internal'
import { countRings } from './bells.js'
import { deadlineAfter, pauseSync, timeLeft } from './deadline.js'
import { Doze } from './doze.js'
import { canLook, spinFor } from './look.js'
import { LOOK_MS, LookBudget } from './look-budget.js'
import { noteRound, roundIfDue } from './rounds.js'
import { isThereOrOver, type WaitCondition } from './wait-condition.js'

/** How a participant waits: `adaptive` looks for a while and then sleeps, `park` sleeps at once, `spin` never sleeps. */
export type WaitStrategy = 'adaptive' | 'park' | 'spin'

export const checkWaitStrategy = checkOneOf('adaptive', 'park', 'spin')

/** What ends a wait. `ref()` and `unref()` of the participant say whether it keeps the process running. */
export type StreamWaitOptions = Omit<WaitOptions, 'ref'>

/** What wakes a sleeper: its mark in shared memory and its bell. */
export interface SleepHandle {
  readonly mark: SleepMark
  readonly bell: Doorbell
}

/** A wait in the event loop. Times are milliseconds on core's clock. */
interface EventLoopWait {
  readonly condition: WaitCondition
  readonly signal: AbortSignal | undefined
  readonly resolve: (found: boolean) => void
  readonly reject: (reason: unknown) => void
  readonly deadline: number
  /** True until the event loop has had a chance to run. The caller has just looked. */
  isFirst: boolean
  /** When `spin` next checks which peers live. */
  nextPeerCheck: number
  /** When it last began to sleep; Infinity if it has not. */
  lastSleep: number
  /** What calls `#goOn` next, unless the bell does. */
  immediate: NodeJS.Immediate | undefined
  timer: NodeJS.Timeout | undefined
}

/** How often a wait without sleep asks the kernel which peers live. */
const PEER_CHECK_INTERVAL_MS = 10
/** How often (ms) a participant without write access checks: it cannot ask for a ring. */
const BLIND_INTERVAL_MS = 5

/** The waits of one participant, one condition at a time. */
export class Waiter {
  readonly #strategy: WaitStrategy
  readonly #handle: SleepHandle | undefined
  readonly #doze: Doze | undefined
  readonly #looks = new LookBudget()
  readonly #looksAfterRing = new LookBudget()
  /** How many bells this thread had rung at the last look. */
  #rings = 0
  /** The wait in the event loop, if there is one. */
  #wait: EventLoopWait | undefined
  #asleep = false
  #ref = true

  /** @param handle undefined for a participant that cannot write to the memory: nothing can wake it, so it checks at intervals */
  constructor(strategy: WaitStrategy, handle: SleepHandle | undefined) {
    checkWaitStrategy('waitStrategy', strategy)
    this.#strategy = strategy
    this.#handle = handle
    if (handle !== undefined) this.#doze = new Doze(handle.bell)
    // The first doze begins now and takes the descriptors that it needs, so no later wait fails because there are none.
    if (strategy !== 'spin') this.#doze?.begin(now())
  }

  /** Sets whether a wait in the event loop keeps the process running. Default true. */
  setRef(ref: boolean): void {
    if (ref === this.#ref) return
    this.#ref = ref
    this.wake()
  }

  /** Makes a wait in the event loop check soon. For changes that no peer rings for, such as closing. */
  wake(): void {
    if (this.#wait !== undefined) setImmediate(this.#goOn)
  }

  /** Ends a wait in the event loop at once, as if its time had passed. Does nothing without one. */
  stop(): void {
    const wait = this.#wait
    if (wait === undefined) return
    this.#end(wait)
    wait.resolve(false)
  }

  /**
   * Checks a condition, for some microseconds if that was useful recently. Blocks for that time.
   *
   * @param timeoutMs the time that the wait may take. If it is shorter than a look, checks only once
   * @returns true if the condition is there
   */
  look(condition: WaitCondition, timeoutMs = Infinity): boolean {
    const mayLook = this.#strategy !== 'park' && canLook && !condition.asksKernel && !(timeoutMs < LOOK_MS)
    if (!mayLook) return condition.isThere()
    if (this.#strategy === 'spin') return spinFor(condition, LOOK_MS)
    const rings = countRings()
    const looks = rings === this.#rings ? this.#looks : this.#looksAfterRing
    this.#rings = rings
    return looks.look(condition)
  }

  /**
   * Looks, then waits in the event loop.
   *
   * @returns false if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED` if the bell is closed during the wait, unless `isThere`
   * returns true then; TypeError during another wait
   */
  wait(condition: WaitCondition, options: StreamWaitOptions = {}): Promise<boolean> {
    const { signal, timeoutMs } = options
    const mayLook = this.#wait === undefined && !signal?.aborted
    if (!mayLook || !this.look(condition, timeoutMs)) return this.waitAfterLook(condition, options)
    return roundIfDue()?.then(() => true) ?? found
  }

  /** As `wait`, for a caller that has just looked. */
  waitAfterLook(condition: WaitCondition, { signal, timeoutMs }: StreamWaitOptions = {}): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#checkFree()
      const deadline = deadlineAfter(timeoutMs)
      signal?.throwIfAborted()
      signal?.addEventListener('abort', this.#abort) // first: a signal of the caller's own may throw
      this.#wait = {
        condition,
        signal,
        resolve,
        reject,
        deadline,
        nextPeerCheck: now() + PEER_CHECK_INTERVAL_MS,
        lastSleep: Infinity,
        isFirst: true,
        immediate: undefined,
        timer: undefined,
      }
      this.#goOn()
    })
  }

  /** Called by the bell, a timer or an immediate, also if nothing has changed. Not async: a promise would delay the check. */
  readonly #goOn = (): void => {
    const wait = this.#wait
    if (wait === undefined) return
    this.#getUp(wait)
    try {
      const found = this.#strategy === 'spin' ? this.#spinOn(wait) : this.#lieDown(wait)
      const { isFirst } = wait
      wait.isFirst = false
      if (found === undefined) return
      this.#end(wait)
      if (!isFirst) noteRound()
      const round = isFirst ? roundIfDue() : undefined
      if (round === undefined) wait.resolve(found)
      else void round.then(() => wait.resolve(found))
    } catch (error) {
      this.#end(wait)
      wait.reject(error)
    }
  }

  readonly #abort = (): void => {
    const wait = this.#wait
    if (wait === undefined) return
    this.#end(wait)
    wait.reject(wait.signal?.reason)
  }

  #end(wait: EventLoopWait): void {
    this.#getUp(wait)
    this.#wait = undefined
    wait.signal?.removeEventListener('abort', this.#abort)
  }

  /** Looks, and lets the event loop run before the next look. Undefined if the wait continues. */
  #spinOn(wait: EventLoopWait): boolean | undefined {
    const { condition } = wait
    if (wait.isFirst ? condition.isThere() : this.look(condition)) return true
    const time = now()
    if (time >= wait.deadline) return isThereOrOver(condition)
    if (time >= wait.nextPeerCheck) {
      wait.nextPeerCheck = time + PEER_CHECK_INTERVAL_MS
      condition.watchPeers(undefined)
    }
    this.#goOnSoon(wait)
    return undefined
  }

  /** Checks, and sleeps until the bell rings, or until a timer fires if there is no bell. Undefined if the wait continues. */
  #lieDown(wait: EventLoopWait): boolean | undefined {
    const { condition } = wait
    for (;;) {
      const time = now()
      const left = wait.deadline - time
      if (this.#handle === undefined) {
        if (isThereOrOver(condition)) return true
        if (left <= 0) return false
        wait.timer = setTimeout(this.#goOn, Math.min(BLIND_INTERVAL_MS, left))
        if (!this.#ref) wait.timer.unref()
        return undefined
      }
      if (condition.isThere()) return true // also when the participant is closed
      const { mark, bell } = this.#handle
      mark.set()
      try {
        if (left <= 0) return isThereOrOver(condition)
        const isOrdered = this.#doze?.orderBehindMark(time, wait.lastSleep)
        if (condition.isThere()) return true
        const isAnyDead = condition.watchPeers(bell)
        if (condition.isThere()) return true
        if (isAnyDead || condition.hasNewPeer?.()) {
          this.#goOnSoon(wait) // not at once: a peer that writes wrong bytes can cause this again and again
          return undefined
        }
        if (!isOrdered) this.#doze?.begin(time)
        if (!bell.listen(this.#goOn, this.#ref)) continue
        this.#asleep = true
        wait.lastSleep = time
        if (left !== Infinity) wait.timer = setTimeout(this.#goOn, left).unref()
        return undefined
      } catch (error) {
        if (condition.isThere()) return true // the participant is closed: the caller throws a better error
        throw error
      } finally {
        if (!this.#asleep) mark.clear()
      }
    }
  }

  /** Cancels what would call `#goOn`. */
  #getUp(wait: EventLoopWait): void {
    // No `Symbol.dispose`: it does not exist in the contexts of node:vm in which jest runs.
    clearImmediate(wait.immediate)
    clearTimeout(wait.timer)
    wait.immediate = undefined
    wait.timer = undefined
    if (!this.#asleep) return
    this.#asleep = false
    this.#handle?.bell.unlisten(this.#goOn)
    this.#handle?.mark.clear()
  }

  #goOnSoon(wait: EventLoopWait): void {
    // An unreferenced immediate runs only if something else wakes the event loop.
    if (this.#ref) wait.immediate = setImmediate(this.#goOn)
    else wait.timer = setTimeout(this.#goOn, 1).unref()
  }

  /**
   * Blocks this thread.
   *
   * @returns false if `timeoutMs` have passed
   */
  waitSync(condition: WaitCondition, timeoutMs?: number): boolean {
    this.#checkFree()
    const deadline = deadlineAfter(timeoutMs)
    if (this.#strategy === 'spin') return this.#spin(condition, deadline)
    return this.look(condition, timeoutMs) || this.#sleepSync(condition, deadline)
  }

  #sleepSync(condition: WaitCondition, deadline: number): boolean {
    let lastSleep = Infinity
    for (;;) {
      const time = now()
      const left = deadline - time
      if (this.#handle === undefined) {
        if (isThereOrOver(condition)) return true
        if (left <= 0) return false
        pauseSync(Math.min(BLIND_INTERVAL_MS, left))
        continue
      }
      const { mark, bell } = this.#handle
      mark.set()
      try {
        if (left <= 0) return isThereOrOver(condition)
        const isOrdered = this.#doze?.orderBehindMark(time, lastSleep)
        if (condition.isThere()) return true
        if (condition.watchPeers(bell) || condition.isThere() || condition.hasNewPeer?.()) continue
        if (!isOrdered) this.#doze?.begin(time)
        lastSleep = time
        bell.waitSync(left)
      } finally {
        mark.clear()
      }
    }
  }

  #spin(condition: WaitCondition, deadline: number): boolean {
    for (;;) {
      if (spinFor(condition, Math.min(PEER_CHECK_INTERVAL_MS, timeLeft(deadline)))) return true
      condition.watchPeers(undefined) // without the bell: this wait does not listen to it
      if (timeLeft(deadline) === 0) return isThereOrOver(condition)
    }
  }

  #checkFree(): void {
    if (this.#wait !== undefined) throw new TypeError('this participant waits already: one wait at a time')
  }
}

const found = Promise.resolve(true)
