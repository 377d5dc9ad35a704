/**
 * One queue, from its creation to its end, with producers and consumers that are killed, stopped and replaced, and one consumer here
 * that lives through all of it. A round has phases and pauses, as a round of a stream has (kill/round.ts). In a pause, every message
 * must be settled: so it finds a consumer that sleeps beside a message, and a message that a dead consumer keeps.
 *
 * A producer without a free slot gives up dead letters, and the queue only counts them. So that no lost message looks like one of them, a
 * round is of one of two kinds. In the first, messages become dead letters by their count of deliveries, too, and each producer keeps
 * nearly all of its dead letters. In the second, producers give up letters, but a message becomes one only if it is rejected, which the
 * ledger notes.
 */

import { fileURLToPath } from 'node:url'
import { openQueue, type QueueReader } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import { createQueue, type QueueWriter } from '@memlane/producer'
import { Numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { createLedgerMemory, DUPLICATED, SENT, TORN } from '../kill/ledger.js'
import { countLeftovers, endAll, KILLS_PER_PHASE, killAgainAndAgain, PHASES, pause, play } from '../kill/playing.js'
import type { RoundOptions, Totals } from '../kill/round.js'
import { type Fail, type Start, until, Victim, within } from '../kill/victim.js'
import { Handling, type Taking, takings } from './handling.js'
import { QueueLedger } from './ledger.js'
import type { ConsumerTask, ProducerTask } from './participant.js'

const PRODUCERS = 2
const CONSUMERS = 3
const PARTICIPANTS = 1 + (PRODUCERS + CONSUMERS) * (PHASES * KILLS_PER_PHASE + 1)
/** How often dead letters are taken out. In a round in which producers give them up, they must become too many. */
const LETTERS_MS = { ofCounts: 2, givenUp: 200 }
/** So many deliveries that no message reaches them. */
const ENDLESS_DELIVERIES = 65_535

const program = fileURLToPath(new URL('../../dist/kill-queue-participant.js', import.meta.url))
const waits = ['park', 'adaptive', 'spin'] as const

export interface QueueTotals extends Totals {
  /** Microseconds from a consumer's death to the next handler, one for each message that came again because of it. */
  readonly latencies: number[]
}

/**
 * Plays a round, and adds what it found to the totals.
 *
 * @returns false if a participant hung and the round was stopped early
 * @throws Error with the output of a participant that ended by itself
 */
export async function runQueueRound(options: RoundOptions, totals: QueueTotals): Promise<boolean> {
  using round = new QueueRound(options, totals)
  return await play(round, totals)
}

class QueueRound implements Disposable {
  readonly #options: RoundOptions
  readonly #totals: QueueTotals
  readonly #queue: string
  readonly #ledger: QueueLedger
  readonly #producers: number[] = []
  readonly #isOfCounts: boolean
  #victims: Victim[] = []
  #participants = 1
  #letters: NodeJS.Timeout | undefined
  #fail: Fail = () => {}

  constructor(options: RoundOptions, totals: QueueTotals) {
    this.#options = options
    this.#totals = totals
    this.#queue = `${options.name}-queue`
    this.#ledger = new QueueLedger(createLedgerMemory(`${options.name}-ledger`, PARTICIPANTS))
    this.#isOfCounts = options.random() < 0.5
  }

  async run(fail: Fail): Promise<void> {
    this.#fail = fail
    const { name, ending, random, kills } = this.#options
    // The creator sends nothing: it keeps the queue while all others are dead.
    using creator = this.#create()
    const observer = await openQueue(this.#queue, Numbered, { waitStrategy: oneOf(random, ['park', 'adaptive']) })
    const handling = new Handling(this.#ledger, 0, randomFrom(random() * 2 ** 32))
    const observing = observer.process((delivery) => handling.handle(delivery), { concurrency: 2 }).catch(fail)
    observer.on('failed', fail)
    const interval = this.#isOfCounts ? LETTERS_MS.ofCounts : LETTERS_MS.givenUp
    this.#letters = setInterval(() => this.#takeDeadLetters(observer), interval)
    const producers = Array.from({ length: PRODUCERS }, () => this.#producer(randomFrom(random() * 2 ** 32)))
    const consumers = Array.from({ length: CONSUMERS }, () => this.#consumer(randomFrom(random() * 2 ** 32)))
    this.#victims = [...producers, ...consumers]
    for (let phase = 0; phase < PHASES && this.#totals.kills < kills; phase++) {
      await Promise.all(this.#victims.map((victim) => killAgainAndAgain(victim, this.#totals, kills)))
      await pause(this.#ledger, producers, () => this.#settled(creator, observer))
    }
    await endAll(this.#ledger, this.#victims, ending, this.#totals)
    await this.#settled(creator, observer)
    clearInterval(this.#letters)
    await within(observer.close(), 'the observer does not close')
    await observing
    const { dropped } = creator.stats()
    creator.close()
    this.#settle(dropped)
    this.#ledger[Symbol.dispose]()
    if (ending === 'kill-all') SharedMemory.list()
    countLeftovers(name, this.#totals)
  }

  #create(): QueueWriter<typeof Numbered> {
    const places = { maxProducers: PRODUCERS + 1, maxConsumers: CONSUMERS + 1 }
    if (this.#isOfCounts) return createQueue(this.#queue, Numbered, { ...places, capacity: 64, maxDeadLetters: 63 })
    const capacity = oneOf(this.#options.random, [4, 64])
    const letters = { maxDeadLetters: 1, maxDeliveries: ENDLESS_DELIVERIES }
    return createQueue(this.#queue, Numbered, { ...places, ...letters, capacity })
  }

  #producer(random: Random): Victim {
    return this.#victim(random, (common) => {
      this.#producers.push(common.participant)
      return { ...common, role: 'producer' }
    })
  }

  #consumer(random: Random): Victim {
    return this.#victim(random, (common) => {
      return { ...common, role: 'consumer', taking: oneOf(random, Object.keys(takings) as Taking[]) }
    })
  }

  #victim(random: Random, taskOf: (common: Omit<ProducerTask, 'role'>) => ProducerTask | ConsumerTask): Victim {
    const next = (): Start => {
      const participant = this.#participants++
      const task = taskOf({
        queue: this.#queue,
        ledger: `${this.#options.name}-ledger`,
        participant,
        seed: Math.floor(random() * 2 ** 32),
        wait: oneOf(random, waits),
      })
      const counters = this.#ledger.counters(participant)
      const dies = () => this.#ledger.dies(participant, steadyNow())
      return { name: `${task.role} ${participant}`, counters, task, dies }
    }
    return new Victim(program, random, next, this.#fail)
  }

  /** Waits until the queue holds nothing, and takes out the dead letters. */
  async #settled(creator: QueueWriter<typeof Numbered>, observer: QueueReader<typeof Numbered>): Promise<void> {
    const isEmpty = () => {
      this.#takeDeadLetters(observer)
      const { ready, taken, delayed, dead } = creator.stats()
      return ready + taken + delayed + dead === 0
    }
    await until(isEmpty, () => `messages stay in ${this.#queue}: ${JSON.stringify(creator.stats())}`)
  }

  #takeDeadLetters(observer: QueueReader<typeof Numbered>): void {
    for (const letter of observer.deadLetters()) {
      const { author, own } = letter.value
      letter.discard()
      this.#ledger.done(author, own)
    }
  }

  /**
   * Counts what is wrong.
   *
   * @param dropped how many dead letters producers gave up
   */
  #settle(dropped: number): void {
    const totals = this.#totals
    for (let participant = 0; participant < this.#participants; participant++) {
      const counters = this.#ledger.counters(participant)
      totals.torn += counters[TORN] as number
      totals.duplicated += counters[DUPLICATED] as number
    }
    let rejected = 0
    let others = 0
    for (const producer of this.#producers) {
      totals.messages += this.#ledger.counters(producer)[SENT] as number
      const missing = this.#ledger.missingOf(producer)
      rejected += missing.rejected
      others += missing.others
    }
    const lost = this.#isOfCounts ? Math.max(0, rejected + others - dropped) : others + Math.abs(rejected - dropped)
    if (lost > 0)
      console.error(`missing: ${rejected} rejected, ${others} others. ${dropped} dead letters were given up`)
    totals.lost += lost
    totals.latencies.push(...this.#ledger.latencies())
  }

  [Symbol.dispose](): void {
    clearInterval(this.#letters)
    for (const victim of this.#victims) victim[Symbol.dispose]()
    this.#ledger[Symbol.dispose]()
  }
}
