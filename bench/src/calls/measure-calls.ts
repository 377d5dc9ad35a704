import { performance } from 'node:perf_hooks'
import { Content } from '../roles/content.js'
import { checkObject } from '../roles/message-object.js'
import { measureRoundTrips } from '../roles/round-trips.js'
import { Stopwatch } from '../roles/stopwatch.js'
import type { RoleReport } from '../trial.js'
import type { Caller } from './call-peer.js'
import type { CallTrial } from './call-trial.js'
import { checkNumber } from './echo.js'

/** How many answers or parts come between two looks at the clock. */
const CLOCK_STRIDE = 16
/** How long a client goes on after its measurement, so that the others are not faster at their end. */
const OTHERS_SECONDS = 0.1

/** Does the work of a trial's client. */
export function measureCalls(trial: CallTrial, caller: Caller): Promise<RoleReport> {
  switch (trial.work) {
    case 'round trips':
      return measureRoundTrips(trial, (sequence) => caller.call(sequence))
    case 'calls':
      return countAnswers(trial, caller)
    case 'parts':
      return countParts(trial, caller)
  }
}

async function countAnswers(trial: CallTrial, caller: Caller): Promise<RoleReport> {
  const rate = new Rate(trial)
  let sequence = 0
  const callOnAndOn = async () => {
    while (!rate.isOver) {
      const answer = caller.call(sequence++)
      if (answer !== undefined) await answer
      rate.count()
    }
  }
  await Promise.all(Array.from({ length: trial.inFlight }, callOnAndOn))
  return rate.report
}

async function countParts(trial: CallTrial, caller: Caller): Promise<RoleReport> {
  const content = new Content(trial.payload)
  const rate = new Rate(trial)
  let sequence = 0
  for await (const part of caller.parts?.() ?? []) {
    checkNumber(checkObject(content, part), sequence++)
    rate.count()
    if (rate.isOver) break
  }
  return rate.report
}

/** Counts from the end of the warm-up to the end of the measured time. */
class Rate {
  isOver = false
  readonly #begin: number
  readonly #end: number
  readonly #over: number
  #stopwatch: Stopwatch | undefined
  #report: RoleReport | undefined
  #count = 0
  #before = 0

  constructor({ warmUpSeconds, seconds, clients }: CallTrial) {
    this.#begin = performance.now() + warmUpSeconds * 1000
    this.#end = this.#begin + seconds * 1000
    this.#over = this.#end + (clients > 1 ? OTHERS_SECONDS * 1000 : 0)
  }

  count(): void {
    if (++this.#count % CLOCK_STRIDE === 0) this.#look()
  }

  get report(): RoleReport {
    if (this.#report === undefined) throw new Error(`only ${this.#count} answers came`)
    return this.#report
  }

  #look(): void {
    const time = performance.now()
    if (this.#stopwatch === undefined) {
      if (time < this.#begin) return
      this.#stopwatch = new Stopwatch()
      this.#before = this.#count
    } else if (time >= this.#end) {
      this.#report ??= this.#stopwatch.stop(this.#count - this.#before)
      this.isOver = time >= this.#over
    }
  }
}
