/**
 * One stream, from its creation to its end, with producers and consumers that are killed, stopped and replaced, and an
 * observer here that lives through all of it.
 *
 * A round has phases. In each phase the participant of each place is killed several times, at random moments. A phase ends when
 * every place has a participant that has joined and runs. Then there is a pause without kills or stops: each producer sends a
 * last message and then sends nothing, and every consumer must receive all messages. So the pause finds a participant that
 * sleeps beside a message, or waits for a dead peer. Outside of a pause, other events would wake that participant.
 *
 * A stopped participant may block the others. Each stop ends soon, and no stop reaches into a pause. So a participant that makes no
 * progress for long hangs (victim.ts).
 */

import { fileURLToPath } from 'node:url'
import { openStream, type StreamReader } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { Numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { asyncReadings, type Reading, readings } from '@memlane/testing/readings'
import { DeliveryCounter } from './delivery-counter.js'
import type { ConsumerTask, ProducerTask } from './participant.js'
import { countLeftovers, KILLS_PER_PHASE, killAgainAndAgain, PHASES, pause, play } from './playing.js'
import { COUNT, Command, DUPLICATED, LOST, nextOf, Progress, privateCounters, TORN } from './progress.js'
import { type Deaths, type Fail, type Start, until, Victim, within } from './victim.js'

const PRODUCERS = 3
const CONSUMERS = 2

const program = fileURLToPath(new URL('../../dist/kill-participant.js', import.meta.url))
const waits = ['park', 'adaptive', 'spin'] as const

export interface Totals extends Deaths {
  /** Streams: the messages that the observers received. Latests: the reads of all readers. Queues: the messages sent. */
  messages: number
  lost: number
  duplicated: number
  torn: number
  hung: number
  /** Files that are left after the end of the last participant. */
  leftovers: number
}

export interface RoundOptions {
  /** The prefix of the names of all objects that the round creates. */
  name: string
  /**
   * `finish`: the last participants close, the observer last, and no file may be left. `kill-all`: all participants are killed,
   * so the files of the stream stay until a process cleans up, as `SharedMemory.list()` does.
   */
  ending: 'finish' | 'kill-all'
  random: Random
  /** Ends the round early when the totals have this many kills. */
  kills: number
}

export interface StreamRoundOptions extends RoundOptions {
  overflow: 'wait' | 'overwrite'
}

type Role = 'producer' | 'consumer'

interface Place {
  readonly role: Role
  readonly victim: Victim
}

/**
 * Plays a round, and adds what it found to the totals.
 *
 * @returns false if a participant hung and the round was stopped early
 * @throws Error with the output of a participant that ended by itself
 */
export async function runRound(options: StreamRoundOptions, totals: Totals): Promise<boolean> {
  using round = new Round(options, totals)
  return await play(round, totals)
}

class Round implements Disposable {
  readonly #options: StreamRoundOptions
  readonly #totals: Totals
  readonly #stream: string
  readonly #progress: Progress
  readonly #producers: number[] = []
  readonly #consumers: number[] = []
  #places: Place[] = []
  #participants = 0
  #fail: Fail = () => {}

  constructor(options: StreamRoundOptions, totals: Totals) {
    this.#options = options
    this.#totals = totals
    this.#stream = `${options.name}-stream`
    const counterSets = (PRODUCERS + CONSUMERS) * (PHASES * KILLS_PER_PHASE + 1)
    this.#progress = Progress.create(`${options.name}-progress`, counterSets)
  }

  async run(fail: Fail): Promise<void> {
    this.#fail = fail
    const { overflow, ending, random, kills } = this.#options
    const dimensions = { capacity: 65_536, maxProducers: PRODUCERS + 1, maxConsumers: CONSUMERS + 1 }
    // Sends nothing, so that the stream does not end when all producers are dead for a moment.
    using creator = createStream(this.#stream, Numbered, { ...dimensions, overflow })
    using observer = await openStream(this.#stream, Numbered, {
      from: 'oldest',
      waitStrategy: oneOf(random, ['park', 'adaptive']),
    })
    const counters = privateCounters()
    const counter = new DeliveryCounter(
      `the observer of ${this.#stream} (${overflow})`,
      counters,
      true,
      () => observer.missed,
    )
    const read = this.#observe(observer, counter)

    this.#places = [
      ...Array.from({ length: PRODUCERS }, () => this.#fill('producer', randomFrom(random() * 2 ** 32))),
      ...Array.from({ length: CONSUMERS }, () => this.#fill('consumer', randomFrom(random() * 2 ** 32))),
    ]
    const producers = this.#places.filter(({ role }) => role === 'producer').map(({ victim }) => victim)
    for (let phase = 0; phase < PHASES && this.#totals.kills < kills; phase++) {
      await Promise.all(this.#places.map(({ victim }) => killAgainAndAgain(victim, this.#totals, kills)))
      await pause(this.#progress, producers, () => this.#allCaughtUp(counters))
    }
    for (const { victim } of this.#places) victim.mayEnd()
    if (ending === 'finish') {
      this.#progress.command = Command.finish
      creator.close()
      for (const { victim } of this.#places) await victim.finished()
      await within(read, 'the observer does not come to the end')
      observer.close()
    } else {
      await this.#killAll('producer')
      creator.close()
      await within(read, 'the observer does not come to the end')
      observer.close()
      await this.#killAll('consumer')
    }
    this.#settle(counters, counter)
    this.#progress[Symbol.dispose]()
    if (ending === 'kill-all') SharedMemory.list()
    countLeftovers(this.#options.name, this.#totals)
  }

  async #observe(observer: StreamReader<typeof Numbered>, counter: DeliveryCounter): Promise<void> {
    const reading = oneOf(this.#options.random, ['receive', 'iterate', 'batches', 'poll', 'readable'] as const)
    try {
      await asyncReadings[reading](observer, counter)
      counter.settle()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fill(role: Role, random: Random): Place {
    const victim = new Victim(program, random, () => this.#start(role, random), this.#fail)
    return { role, victim }
  }

  #start(role: Role, random: Random): Start {
    const participant = this.#participants++
    const common = {
      stream: this.#stream,
      progress: `${this.#options.name}-progress`,
      participant,
      wait: oneOf(random, waits),
    }
    const overwrite = this.#options.overflow === 'overwrite'
    const task: ProducerTask | ConsumerTask =
      role === 'producer'
        ? { ...common, role, seed: Math.floor(random() * 2 ** 32) }
        : {
            ...common,
            role,
            reading: oneOf(random, Object.keys(readings) as Reading[]),
            from: oneOf(random, ['now', 'oldest']),
            access: overwrite && random() < 0.3 ? 'read' : 'readwrite',
          }
    ;(role === 'producer' ? this.#producers : this.#consumers).push(participant)
    return { name: `${role} ${participant}`, counters: this.#progress.counters(participant), task }
  }

  async #killAll(role: Role): Promise<void> {
    const places = this.#places.filter((place) => place.role === role)
    await Promise.all(places.map(({ victim }) => victim.kill(this.#totals)))
  }

  async #allCaughtUp(observer: Int32Array): Promise<void> {
    const carried = this.#progress.lanes.slice()
    for (const { role, victim } of this.#places) {
      if (role === 'consumer') await this.#caughtUp(victim.name, victim.counters, carried)
    }
    await this.#caughtUp('the observer', observer, carried)
  }

  #caughtUp(who: string, counters: Int32Array, carried: Int32Array): Promise<void> {
    const next = nextOf(counters)
    const isThere = () => carried.every((count, lane) => Atomics.load(next, lane) >= count)
    return until(isThere, () => `${who} does not get all that was sent: ${next} of ${carried}`)
  }

  #settle(observer: Int32Array, counter: DeliveryCounter): void {
    const totals = this.#totals
    totals.messages += observer[COUNT] as number
    for (const counters of [observer, ...this.#consumers.map((consumer) => this.#progress.counters(consumer))]) {
      totals.lost += counters[LOST] as number
      totals.duplicated += counters[DUPLICATED] as number
      totals.torn += counters[TORN] as number
    }
    if (this.#options.overflow === 'overwrite') return
    // Each message that a producer has counted must have come. The last message before its end may have come.
    for (const producer of this.#producers) {
      const told = this.#progress.counters(producer)[COUNT] as number
      totals.lost += Math.max(0, told - 1 - (counter.last.get(producer) ?? -1))
    }
  }

  [Symbol.dispose](): void {
    for (const { victim } of this.#places) victim[Symbol.dispose]()
    this.#progress[Symbol.dispose]()
  }
}
