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
 * has just been set. So a sleeper only dozes at first. Most are rung for while they do; whoever is not has the kernel put that
 * fence into all who publish (a barrier, which interrupts them), looks once more, and sleeps on without limit.
 */

import { availableParallelism } from 'node:os'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { capabilities, type Doorbell, memoryBarrier, type WaitOptions } from '@memlane/core'
import type { SleepMark } from '@memlane/protocol'

export type WaitStrategy = 'adaptive' | 'park' | 'spin'

/** What one waits for. */
export interface Awaited {
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
export interface Bedside {
  readonly mark: SleepMark
  readonly bell: Doorbell
}

const LOOK_MS = 0.01
/** A wait that ended within this would have been worth a look. */
const QUICK_MS = 0.02
const HOT_MS = 0.05
const MOST_CREDIT = 16
const LOOKS_PER_CLOCK = 16
/** While spinning: how often to ask the kernel who lives. */
const PEERS_INTERVAL_MS = 10
/** Without the right to write, nobody can be asked for a ring: how often to look. */
const BLIND_INTERVAL_MS = 5

/**
 * How long a sleeper relies on being rung for before it pays for a barrier. On Windows everybody publishes with a fence, and
 * nothing can be missed.
 */
const DOZE_MS = capabilities.namespace === 'posix' ? 7 : Number.POSITIVE_INFINITY

/** As long as Node's timers go. */
const MAX_INTERVAL_MS = 2 ** 31 - 1

/** With one processor, who looks keeps the other from doing it. */
const canLook = availableParallelism() > 1

export class Waiter {
  readonly #strategy: WaitStrategy
  readonly #bedside: Bedside | undefined
  /** While looks, or rounds, are more often in vain than not, these are 0, and one does without. */
  #lookCredit = MOST_CREDIT
  #roundCredit = MOST_CREDIT
  #waiting = false
  /** What is slept for in the event loop; and sleeps so far, by which the timer tells one from the next. */
  #sleepsFor: Awaited | undefined
  #sleeps = 0
  #dozeTimer: NodeJS.Timeout | undefined
  #ref = true
  /** Keeps the process running for the rest of a wait that began without. */
  #hold: NodeJS.Timeout | undefined

  /** @param bedside undefined for one that cannot write to the memory: it looks at intervals in place of sleeping */
  constructor(strategy: WaitStrategy, bedside: Bedside | undefined) {
    if (strategy !== 'adaptive' && strategy !== 'park' && strategy !== 'spin') {
      throw new TypeError(`wait must be "adaptive", "park" or "spin", not ${JSON.stringify(strategy)}`)
    }
    this.#strategy = strategy
    this.#bedside = bedside
  }

  /** Whether waiting in the event loop keeps the process running; true at first. */
  setRef(ref: boolean): void {
    this.#ref = ref
    clearInterval(this.#hold)
    this.#hold = ref && this.#waiting ? setInterval(() => {}, MAX_INTERVAL_MS) : undefined
    if (!ref && this.#sleepsFor !== undefined) this.#bedside?.bell.ring() // it lies down again, without
  }

  /** Looks for some microseconds, if that has lately been worth it. Blocks for so long. */
  look(awaited: Awaited): boolean {
    if (this.#strategy === 'park' || !canLook) return awaited.isThere()
    if (this.#strategy === 'adaptive' && this.#lookCredit === 0) return awaited.isThere()
    const found = lookUntil(awaited, performance.now() + LOOK_MS)
    this.#lookCredit = found ? more(this.#lookCredit) : Math.max(0, this.#lookCredit - 1)
    return found
  }

  /**
   * Waits in the event loop.
   *
   * @returns false when `timeoutMs` have passed
   * @throws the signal's reason when it aborts; SharedMemoryError `CLOSED` when the bell is closed meanwhile, unless `isThere`
   * says true then; TypeError when somebody waits here already
   */
  async wait(awaited: Awaited, { signal, timeoutMs = Infinity }: Omit<WaitOptions, 'ref'> = {}): Promise<boolean> {
    this.#checkFree(timeoutMs)
    signal?.throwIfAborted()
    this.#waiting = true
    try {
      const start = performance.now()
      const deadline = start + timeoutMs
      if (this.#goesHot()) {
        const found = await this.#goRound(awaited, signal, start, deadline)
        if (found !== undefined) return found
      }
      const found = await this.#sleep(awaited, signal, deadline)
      if (found) this.#judge(start)
      return found
    } finally {
      this.#waiting = false
      clearInterval(this.#hold)
      this.#hold = undefined
    }
  }

  /** Lets the event loop go round; undefined when it is time to sleep. */
  async #goRound(
    awaited: Awaited,
    signal: AbortSignal | undefined,
    start: number,
    deadline: number,
  ): Promise<boolean | undefined> {
    const spins = this.#strategy === 'spin'
    let nextPeers = start + PEERS_INTERVAL_MS
    for (;;) {
      if (awaited.isThere() || (spins && canLook && lookUntil(awaited, performance.now() + HOT_MS))) {
        this.#judge(start)
        return true
      }
      const now = performance.now()
      if (now >= deadline) return isThereOrOver(awaited)
      if (!spins && now - start >= HOT_MS) {
        this.#roundCredit--
        return undefined
      }
      if (now >= nextPeers) {
        nextPeers = now + PEERS_INTERVAL_MS
        awaited.watchPeers(undefined)
      }
      await setImmediate(undefined, { ref: this.#ref })
      signal?.throwIfAborted()
    }
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

  async #sleep(awaited: Awaited, signal: AbortSignal | undefined, deadline: number): Promise<boolean> {
    const options = signal ? { signal } : {}
    for (;;) {
      const left = deadline - performance.now()
      if (this.#bedside === undefined) {
        if (isThereOrOver(awaited)) return true
        if (left <= 0) return false
        await sleep(Math.min(BLIND_INTERVAL_MS, left), undefined, { ref: this.#ref })
        signal?.throwIfAborted()
        continue
      }
      if (awaited.isThere()) return true // also when all has been closed
      const { mark, bell } = this.#bedside
      mark.set()
      try {
        if (left <= 0) return isThereOrOver(awaited)
        if (awaited.isThere()) return true
        const again = awaited.watchPeers(bell)
        if (awaited.isThere()) return true
        if (again || awaited.hasNewPeer?.()) {
          await setImmediate(undefined, { ref: this.#ref }) // who scribbles can say again and again that peers come and go
          signal?.throwIfAborted()
          continue
        }
        this.#sleepsFor = awaited
        this.#sleeps++
        this.#dozeTimer ??= this.#startDoze(bell)
        await bell.wait({ ...options, timeoutMs: left, ref: this.#ref })
      } catch (error) {
        if (signal?.aborted || !awaited.isThere()) throw error // else all has been closed, which the caller tells better
      } finally {
        this.#sleepsFor = undefined
        mark.clear()
      }
    }
  }

  /** Starts the timer that ends dozes in the event loop. It goes on from one sleep to the next, as they can be many. */
  #startDoze(bell: Doorbell): NodeJS.Timeout | undefined {
    if (DOZE_MS === Number.POSITIVE_INFINITY) return undefined
    let sleeps = this.#sleeps
    const timer = setTimeout(() => {
      if (this.#sleepsFor !== undefined && this.#sleeps !== sleeps) {
        sleeps = this.#sleeps
        timer.refresh()
        return
      }
      this.#dozeTimer = undefined
      if (this.#sleepsFor === undefined) return
      let wakes = true
      try {
        wakes = isThereBehindBarrier(this.#sleepsFor)
      } catch {
        // The sleeper's own look will fail likewise, where somebody hears of it.
      }
      if (wakes) bell.ring()
    }, DOZE_MS).unref()
    return timer
  }

  /**
   * Blocks this thread.
   *
   * @returns false when `timeoutMs` have passed
   */
  waitSync(awaited: Awaited, timeoutMs = Infinity): boolean {
    this.#checkFree(timeoutMs)
    const start = performance.now()
    const deadline = start + timeoutMs
    if (this.#strategy === 'spin') return this.#spin(awaited, deadline)
    if (canLook && this.#goesHot()) {
      const end = Math.min(start + HOT_MS, deadline)
      if (lookUntil(awaited, end)) {
        this.#judge(start)
        return true
      }
      if (end < deadline) this.#roundCredit--
    }
    const found = this.#sleepSync(awaited, deadline)
    if (found) this.#judge(start)
    return found
  }

  #sleepSync(awaited: Awaited, deadline: number): boolean {
    for (;;) {
      const left = deadline - performance.now()
      if (this.#bedside === undefined) {
        if (isThereOrOver(awaited)) return true
        if (left <= 0) return false
        Atomics.wait(pauseWord, 0, 0, Math.min(BLIND_INTERVAL_MS, left))
        continue
      }
      const { mark, bell } = this.#bedside
      mark.set()
      try {
        if (left <= 0) return isThereOrOver(awaited)
        if (awaited.isThere()) return true
        if (awaited.watchPeers(bell) || awaited.isThere() || awaited.hasNewPeer?.()) continue
        const doze = Math.min(DOZE_MS, left)
        if (bell.waitSync(doze) || doze === left || isThereBehindBarrier(awaited)) continue
        bell.waitSync(Math.max(0, deadline - performance.now()))
      } finally {
        mark.clear()
      }
    }
  }

  #checkFree(timeoutMs: number): void {
    if (this.#waiting) throw new TypeError('somebody waits here already')
    if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs ${timeoutMs} is not a number from 0 on`)
  }

  #spin(awaited: Awaited, deadline: number): boolean {
    for (;;) {
      const now = performance.now()
      if (lookUntil(awaited, Math.min(now + PEERS_INTERVAL_MS, deadline))) return true
      awaited.watchPeers(undefined) // a watch is for sleepers: nobody hears that bell here
      if (performance.now() >= deadline) return isThereOrOver(awaited)
    }
  }
}

function more(credit: number): number {
  return Math.min(MOST_CREDIT, credit + 1)
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4))

/** Looks for what somebody may have published who had not seen the mark. */
function isThereBehindBarrier(awaited: Awaited): boolean {
  // SYNC: pairs with publishAndLook in LaneWriter, and storeRelease in ConsumerSlot; prevents a sleep without limit beside
  // something whose publisher has missed the mark. Where the kernel has no barrier, the doze was long enough.
  memoryBarrier()
  return awaited.isThere()
}

/** Looks, and asks the kernel whether the peers live without whom it will never come. */
function isThereOrOver(awaited: Awaited): boolean {
  return awaited.isThere() || (awaited.watchPeers(undefined) && awaited.isThere())
}

function lookUntil(awaited: Awaited, deadline: number): boolean {
  do {
    for (let looks = 0; looks < LOOKS_PER_CLOCK; looks++) if (awaited.isThere()) return true
  } while (performance.now() < deadline)
  return false
}
