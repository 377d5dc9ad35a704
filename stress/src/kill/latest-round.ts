/**
 * One latest, with a writer and readers that are killed, stopped and replaced, and an observer here that lives through all of it. It
 * has phases and pauses as a round of a stream (round.ts): in a pause, the writer sets a last value, and every reader must get it.
 */

import { fileURLToPath } from 'node:url'
import { type LatestReader, openLatest } from '@memlane/consumer'
import { createLatest } from '@memlane/producer'
import { Numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import type { LatestReaderTask, LatestWriterTask } from './latest-participant.js'
import { countLeftovers, endAll, KILLS_PER_PHASE, killAgainAndAgain, PHASES, pause, play } from './playing.js'
import { COUNT, DUPLICATED, LOST, nextOf, Progress, privateCounters, TORN } from './progress.js'
import type { RoundOptions, Totals } from './round.js'
import { ValueCounter } from './value-counter.js'
import { type Fail, type Start, until, Victim } from './victim.js'

const READERS = 3

const program = fileURLToPath(new URL('../../dist/kill-latest-participant.js', import.meta.url))

export type LatestRoundOptions = Omit<RoundOptions, 'ending'>

/**
 * Plays a round, and adds what it found to the totals.
 *
 * @returns false if a participant hung and the round was stopped early
 * @throws Error with the output of a participant that ended by itself
 */
export async function runLatestRound(options: LatestRoundOptions, totals: Totals): Promise<boolean> {
  using round = new LatestRound(options, totals)
  return await play(round, totals)
}

class LatestRound implements Disposable {
  readonly #options: LatestRoundOptions
  readonly #totals: Totals
  readonly #progress: Progress
  #victims: Victim[] = []
  #participants = 0
  #fail: Fail = () => {}

  constructor(options: LatestRoundOptions, totals: Totals) {
    this.#options = options
    this.#totals = totals
    this.#progress = Progress.create(this.#nameOf('progress'), (1 + READERS) * (PHASES * KILLS_PER_PHASE + 1))
  }

  async run(fail: Fail): Promise<void> {
    this.#fail = fail
    const { random, kills, name } = this.#options
    const first = createLatest(this.#nameOf('latest'), Numbered, { maxReaders: READERS + 1 })
    const waitStrategy = oneOf(random, ['park', 'adaptive'] as const)
    using observer = await openLatest(first.name, Numbered, { endOn: 'never', waitStrategy })
    first.close()
    const counters = privateCounters()
    const observing = this.#observe(observer, new ValueCounter('the observer', counters))
    const writer = this.#victim((common) => ({ ...common, role: 'writer' }))
    const readers = Array.from({ length: READERS }, () =>
      this.#victim((common, random) => ({
        ...common,
        role: 'reader',
        wait: oneOf(random, ['park', 'adaptive', 'spin']),
        access: random() < 0.3 ? 'read' : 'readwrite',
      })),
    )
    this.#victims = [writer, ...readers]
    for (let phase = 0; phase < PHASES && this.#totals.kills < kills; phase++) {
      await Promise.all(this.#victims.map((victim) => killAgainAndAgain(victim, this.#totals, kills)))
      await pause(this.#progress, [writer], () => this.#allCaughtUp(readers, counters))
    }
    await endAll(this.#progress, this.#victims, 'finish', this.#totals)
    observer.close()
    await observing
    this.#settle(counters)
    this.#progress[Symbol.dispose]()
    countLeftovers(name, this.#totals)
  }

  #nameOf(part: string): string {
    return `${this.#options.name}-${part}`
  }

  async #observe(observer: LatestReader<typeof Numbered>, counter: ValueCounter): Promise<void> {
    try {
      for await (const { value, version, skipped } of observer.changes()) counter.change(value, version, skipped)
    } catch (error) {
      this.#fail(error)
    }
  }

  #victim(
    taskOf: (common: Omit<LatestWriterTask, 'role'>, random: Random) => LatestWriterTask | LatestReaderTask,
  ): Victim {
    const random = randomFrom(this.#options.random() * 2 ** 32)
    const next = (): Start => {
      const participant = this.#participants++
      const seed = Math.floor(random() * 2 ** 32)
      const common = { latest: this.#nameOf('latest'), progress: this.#nameOf('progress'), participant, seed }
      const task = taskOf(common, random)
      return { name: `${task.role} ${participant}`, counters: this.#progress.counters(participant), task }
    }
    return new Victim(program, random, next, this.#fail)
  }

  async #allCaughtUp(readers: readonly Victim[], observer: Int32Array): Promise<void> {
    const version = Atomics.load(this.#progress.lanes, 0)
    for (const { name, counters } of readers) await this.#caughtUp(name, counters, version)
    await this.#caughtUp('the observer', observer, version)
  }

  #caughtUp(name: string, counters: Int32Array, version: number): Promise<void> {
    const seen = () => Atomics.load(nextOf(counters), 0)
    return until(
      () => seen() === version,
      () => `${name} does not get value ${version}, but has ${seen()}`,
    )
  }

  #settle(observer: Int32Array): void {
    const totals = this.#totals
    const all = Array.from({ length: this.#participants }, (_, participant) => this.#progress.counters(participant))
    for (const counters of [observer, ...all]) {
      totals.messages += counters[COUNT] as number
      totals.lost += counters[LOST] as number
      totals.duplicated += counters[DUPLICATED] as number
      totals.torn += counters[TORN] as number
    }
  }

  [Symbol.dispose](): void {
    for (const victim of this.#victims) victim[Symbol.dispose]()
    this.#progress[Symbol.dispose]()
  }
}
