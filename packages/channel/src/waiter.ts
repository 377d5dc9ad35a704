/**
 * How a participant waits for what another one does in shared memory.
 *
 *   look    reads the memory again and again, without a pause: the shortest way, and takes the processor whole
 *   round   lets the event loop go round between two looks
 *   sleep   in the kernel, until the doorbell rings
 *
 * `adaptive` goes through the three in this order, for some tens of microseconds in all before it sleeps; it does without the
 * first two where they have lately been in vain. `park` sleeps at once, `spin` never. A sleeper sets its mark, has the bell watch its
 * peers, looks once more, and only then sleeps: a peer that has something for it and dies before it rings is either seen
 * or heard. A ring may be late or spurious, so all of that is done again after each.
 *
 * Who publishes a message, or gives back room, may do without a fence between that and its look for marks, and so miss one that
 * has just been set. So a sleeper only dozes at first: its bell rings by itself, too. Most are rung for before that; whoever is
 * not lies down again, but has the kernel put that fence into all who publish (a barrier, which interrupts them) before it looks, and
 * then sleeps without limit.
 */

import { availableParallelism } from 'node:os'
import { setImmediate, setTimeout } from 'node:timers'
import { capabilities, type Doorbell, memoryBarrier, type WaitOptions } from '@memlane/core'
import type { SleepMark } from '@memlane/protocol/internal'

export type WaitStrategy = 'adaptive' | 'park' | 'spin'

/** What ends a wait. `ref()` and `unref()` of the participant say whether it keeps the process running. */
export type StreamWaitOptions = Omit<WaitOptions, 'ref'>

/** What one waits for. */
export interface WaitCondition {
  /** Whether it is there. Must not block; is called very often. */
  isThere(): boolean
  /**
   * Has the bell ring when any of the peers that can bring it about dies; without a bell, only looks who lives. Called
   * before each sleep with the bell, and now and then while spinning without it.
   *
   * @returns true when a peer is dead already: then look again
   */
  watchPeers(bell: Doorbell | undefined): boolean
  /**
   * Whether somebody has become a peer since `watchPeers`, whose death nobody would hear. Called after the last look before a
   * sleep: what that look found may be this one's doing.
   */
  hasNewPeer?(): boolean
}

/** What wakes a sleeper: its mark in shared memory and its bell. */
export interface SleepHandle {
  readonly mark: SleepMark
  readonly bell: Doorbell
}

interface EventLoopWait {
  readonly condition: WaitCondition
  readonly signal: AbortSignal | undefined
  readonly resolve: (found: boolean) => void
  readonly reject: (reason: unknown) => void
  /** In ms, as the others, of `performance.now()`. */
  readonly start: number
  readonly deadline: number
  /** Goes round, and does not sleep yet. */
  hot: boolean
  /** When next to look who lives, while it goes round. */
  nextPeers: number
  /** When it lay down last. */
  layDown: number
  /** What calls next, unless it is the bell. */
  pending: NodeJS.Immediate | NodeJS.Timeout | undefined
}

const LOOK_MS = 0.01
/** A wait that ended within this would have been worth a look. */
const QUICK_MS = 0.02
const HOT_MS = 0.05
const MOST_CREDIT = 16
/** Where the last credit has been in vain: so many more waits have to end quickly before the next try. */
const LEAST_CREDIT = -8
const LOOKS_PER_CLOCK = 16
/** While spinning: how often to ask the kernel who lives. */
const PEERS_INTERVAL_MS = 10
/** Without the right to write, nobody can be asked for a ring: how often to look. */
const BLIND_INTERVAL_MS = 5

/**
 * How long a sleeper relies on being rung for before it pays for a barrier. Undefined on Windows, where everybody publishes with a
 * fence, and nothing can be missed.
 */
const DOZE_MS = capabilities.namespace === 'posix' ? 7 : undefined

/** Long after what a processor has stored is visible to all. */
const STORES_LEAVE_MS = 1

/** As long as Node's timers go. */
const MAX_INTERVAL_MS = 2 ** 31 - 1

/** With one processor, who looks keeps the other from doing it. */
const canLook = availableParallelism() > 1

export class Waiter {
  readonly #strategy: WaitStrategy
  readonly #handle: SleepHandle | undefined
  /** While looks, or rounds, are more often in vain than not, these are not above 0, and one does without. */
  #lookCredit = MOST_CREDIT
  #roundCredit = MOST_CREDIT
  /** The wait in the event loop, if there is one. */
  #wait: EventLoopWait | undefined
  #asleep = false
  /** When the bell rings by itself, if it is to do so. In ms of `performance.now()`. */
  #dozeEnd: number | undefined
  #ref = true

  /** @param handle undefined for one that cannot write to the memory: it looks at intervals in place of sleeping */
  constructor(strategy: WaitStrategy, handle: SleepHandle | undefined) {
    if (strategy !== 'adaptive' && strategy !== 'park' && strategy !== 'spin') {
      throw new TypeError(`waitStrategy must be "adaptive", "park" or "spin", not ${JSON.stringify(strategy)}`)
    }
    this.#strategy = strategy
    this.#handle = handle
    // What that needs of the system is there from now on: no wait fails for want of it.
    if (handle !== undefined && strategy !== 'spin') this.#doze(handle.bell, performance.now())
  }

  /** Whether waiting in the event loop keeps the process running; true at first. */
  setRef(ref: boolean): void {
    if (ref === this.#ref) return
    this.#ref = ref
    this.wake()
  }

  /** Has a wait in the event loop look in its next turn: when something has changed that nobody rings for. */
  wake(): void {
    if (this.#wait !== undefined) setImmediate(this.#goOn)
  }

  /** Looks for some microseconds, if that has lately been worth it. Blocks for so long. */
  look(condition: WaitCondition): boolean {
    if (this.#strategy === 'park' || !canLook) return condition.isThere()
    if (this.#strategy === 'adaptive' && this.#lookCredit <= 0) return condition.isThere()
    const found = lookUntil(condition, performance.now() + LOOK_MS)
    this.#lookCredit = found ? more(this.#lookCredit) : less(this.#lookCredit)
    return found
  }

  /**
   * Waits in the event loop.
   *
   * @returns false when `timeoutMs` have passed
   * @throws the signal's reason when it aborts; SharedMemoryError `CLOSED` when the bell is closed meanwhile, unless `isThere`
   * says true then; TypeError when somebody waits here already
   */
  wait(condition: WaitCondition, { signal, timeoutMs = Infinity }: Omit<WaitOptions, 'ref'> = {}): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#checkFree(timeoutMs)
      signal?.throwIfAborted()
      const start = performance.now()
      const hot = this.#goesHot() && (this.#ref || this.#strategy === 'spin')
      this.#wait = {
        condition,
        signal,
        resolve,
        reject,
        start,
        deadline: start + timeoutMs,
        hot,
        nextPeers: start + PEERS_INTERVAL_MS,
        layDown: Infinity,
        pending: undefined,
      }
      signal?.addEventListener('abort', this.#abort)
      this.#goOn()
    })
  }

  /** Called by bell, timer or immediate; also without need. No promise is between a ring and the look for what it rang for. */
  readonly #goOn = (): void => {
    const wait = this.#wait
    if (wait === undefined) return
    this.#getUp(wait)
    try {
      let found = wait.hot ? this.#goRound(wait) : undefined
      if (!wait.hot) found ??= this.#lieDown(wait)
      if (found === undefined) return
      if (found) this.#judge(wait.start)
      this.#end(wait)
      wait.resolve(found)
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

  /** Has the event loop go round before the next look; undefined when there is more to wait for. */
  #goRound(wait: EventLoopWait): boolean | undefined {
    const { condition } = wait
    const spins = this.#strategy === 'spin'
    if (condition.isThere() || (spins && canLook && lookUntil(condition, performance.now() + HOT_MS))) return true
    const now = performance.now()
    if (now >= wait.deadline) return isThereOrOver(condition)
    if (!spins && now - wait.start >= HOT_MS) {
      this.#roundCredit = less(this.#roundCredit)
      wait.hot = false
      return undefined
    }
    if (now >= wait.nextPeers) {
      wait.nextPeers = now + PEERS_INTERVAL_MS
      condition.watchPeers(undefined)
    }
    this.#goOnSoon(wait)
    return undefined
  }

  /** Has the bell wake this one, or a timer where there is none; undefined when there is more to wait for. */
  #lieDown(wait: EventLoopWait): boolean | undefined {
    const { condition } = wait
    for (;;) {
      const now = performance.now()
      const left = wait.deadline - now
      if (this.#handle === undefined) {
        if (isThereOrOver(condition)) return true
        if (left <= 0) return false
        wait.pending = setTimeout(this.#goOn, Math.min(BLIND_INTERVAL_MS, left))
        if (!this.#ref) wait.pending.unref()
        return undefined
      }
      if (condition.isThere()) return true // also when all has been closed
      const { mark, bell } = this.#handle
      mark.set()
      try {
        if (left <= 0) return isThereOrOver(condition)
        const dozes = this.#orderBehindMark(now, wait.layDown)
        if (condition.isThere()) return true
        const again = condition.watchPeers(bell)
        if (condition.isThere()) return true
        if (again || condition.hasNewPeer?.()) {
          this.#goOnSoon(wait) // who scribbles can say again and again that peers come and go
          return undefined
        }
        if (dozes) this.#doze(bell, now)
        if (!bell.listen(this.#goOn, this.#ref)) continue
        this.#asleep = true
        wait.layDown = now
        if (left !== Infinity) wait.pending = setTimeout(this.#goOn, left).unref()
        return undefined
      } catch (error) {
        if (condition.isThere()) return true // all has been closed, which the caller tells better
        throw error
      } finally {
        if (!this.#asleep) mark.clear()
      }
    }
  }

  /** Takes back what was to call. */
  #getUp(wait: EventLoopWait): void {
    wait.pending?.[Symbol.dispose]()
    wait.pending = undefined
    if (!this.#asleep) return
    this.#asleep = false
    this.#handle?.bell.unlisten(this.#goOn)
    this.#handle?.mark.clear()
  }

  #goOnSoon(wait: EventLoopWait): void {
    // An immediate that Node is not to be kept for runs only when something else wakes it.
    wait.pending = this.#ref ? setImmediate(this.#goOn) : setTimeout(this.#goOn, 1).unref()
  }

  /** Whether to look, or to go round, before one sleeps. */
  #goesHot(): boolean {
    return this.#strategy === 'spin' || (this.#strategy === 'adaptive' && this.#roundCredit > 0)
  }

  /** What would have ended a wait as short as this one was worth it. */
  #judge(start: number): void {
    const took = performance.now() - start
    if (took < QUICK_MS) this.#lookCredit = more(this.#lookCredit)
    if (took < HOT_MS) this.#roundCredit = more(this.#roundCredit)
  }

  /**
   * Blocks this thread.
   *
   * @returns false when `timeoutMs` have passed
   */
  waitSync(condition: WaitCondition, timeoutMs = Infinity): boolean {
    this.#checkFree(timeoutMs)
    const start = performance.now()
    const deadline = start + timeoutMs
    if (this.#strategy === 'spin') return this.#spin(condition, deadline)
    if (canLook && this.#goesHot()) {
      const end = Math.min(start + HOT_MS, deadline)
      if (lookUntil(condition, end)) {
        this.#judge(start)
        return true
      }
      if (end < deadline) this.#roundCredit = less(this.#roundCredit)
    }
    const found = this.#sleepSync(condition, deadline)
    if (found) this.#judge(start)
    return found
  }

  #sleepSync(condition: WaitCondition, deadline: number): boolean {
    let layDown = Infinity
    for (;;) {
      const now = performance.now()
      const left = deadline - now
      if (this.#handle === undefined) {
        if (isThereOrOver(condition)) return true
        if (left <= 0) return false
        pause(Math.min(BLIND_INTERVAL_MS, left))
        continue
      }
      const { mark, bell } = this.#handle
      mark.set()
      try {
        if (left <= 0) return isThereOrOver(condition)
        const dozes = this.#orderBehindMark(now, layDown)
        if (condition.isThere()) return true
        if (condition.watchPeers(bell) || condition.isThere() || condition.hasNewPeer?.()) continue
        if (dozes) this.#doze(bell, now)
        layDown = now
        bell.waitSync(left)
      } finally {
        mark.clear()
      }
    }
  }

  /**
   * Sees to it, after a doze, that the look that follows finds what was published by whoever had not seen the mark.
   *
   * @param layDown when this one lay down last, while it has waited for the same; in ms of `performance.now()`
   * @returns whether it does not, and the sleep has to be a doze
   */
  #orderBehindMark(now: number, layDown: number): boolean {
    if (DOZE_MS === undefined) return false
    if (this.#dozeEnd === undefined || now < this.#dozeEnd) return true
    this.#dozeEnd = undefined
    if (layDown > now - DOZE_MS / 2) return true // the doze began before, and that one was rung for
    // SYNC: pairs with publishAndLookInOrder in LaneWriter, storeReleaseInOrder in ConsumerSlot; prevents a sleep without limit beside
    // something whose publisher has missed the mark. Where the kernel has no barrier, time does it.
    if (!memoryBarrier()) pause(STORES_LEAVE_MS)
    return false
  }

  /** One doze goes on from sleep to sleep, as they can be many. */
  #doze(bell: Doorbell, now: number): void {
    if (DOZE_MS === undefined || this.#dozeEnd !== undefined) return
    bell.ringAfter(DOZE_MS)
    this.#dozeEnd = now + DOZE_MS
  }

  #checkFree(timeoutMs: number): void {
    if (this.#wait !== undefined) throw new TypeError('somebody waits here already')
    if (!(timeoutMs >= 0) || (timeoutMs > MAX_INTERVAL_MS && timeoutMs !== Infinity)) {
      throw new RangeError(`timeoutMs ${timeoutMs} is not a number from 0 to ${MAX_INTERVAL_MS}, or Infinity`)
    }
  }

  #spin(condition: WaitCondition, deadline: number): boolean {
    for (;;) {
      const now = performance.now()
      if (lookUntil(condition, Math.min(now + PEERS_INTERVAL_MS, deadline))) return true
      condition.watchPeers(undefined) // a watch is for sleepers: nobody hears that bell here
      if (performance.now() >= deadline) return isThereOrOver(condition)
    }
  }
}

function more(credit: number): number {
  return Math.min(MOST_CREDIT, credit + 1)
}

function less(credit: number): number {
  return credit > 1 ? credit - 1 : LEAST_CREDIT
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4))

/** Blocks. */
function pause(timeMs: number): void {
  Atomics.wait(pauseWord, 0, 0, timeMs)
}

/** Looks, and asks the kernel whether the peers live without whom it will never come. */
function isThereOrOver(condition: WaitCondition): boolean {
  return condition.isThere() || (condition.watchPeers(undefined) && condition.isThere())
}

function lookUntil(condition: WaitCondition, deadline: number): boolean {
  do {
    for (let looks = 0; looks < LOOKS_PER_CLOCK; looks++) if (condition.isThere()) return true
  } while (performance.now() < deadline)
  return false
}
