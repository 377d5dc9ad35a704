/**
 * One queue, from its creation to its end, with producers and consumers that are killed, stopped and replaced, and one consumer here
 * that lives through all of it. A round has phases and pauses, as a round of a stream has (kill/round.ts). In a pause, every message
 * must be settled: so it finds a consumer that sleeps beside a message, and a message that a dead consumer keeps.
 */

import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openQueue, type QueueReader } from '@memlane/consumer'
import { capabilities, SharedMemory } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import { createQueue, type QueueWriter } from '@memlane/producer'
import { type Child, type ChildExit, spawnChild } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { Numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import type { RoundOptions, Totals } from '../kill/round.js'
import { Handling, type Taking, takings } from './handling.js'
import { Command, DUPLICATED, Ledger, REDELIVERED, SENT, STAGE, Stage, TORN } from './ledger.js'
import type { ConsumerTask, ProducerTask } from './participant.js'

const PRODUCERS = 2
const CONSUMERS = 3
const PHASES = 5
const KILLS_PER_PHASE = 4
const PARTICIPANTS = 1 + (PRODUCERS + CONSUMERS) * (PHASES * KILLS_PER_PHASE + 1)

const LIFE_MS = 40
const STOP_MS = 60
const HUNG_MS = 30_000
const LOOK_MS = 1
const LETTERS_MS = 2

const program = fileURLToPath(new URL('../../dist/kill-queue-participant.js', import.meta.url))
const waits = ['park', 'adaptive', 'spin'] as const

export interface QueueTotals extends Totals {
  /** How many messages came again because their consumer had died. */
  redelivered: number
  /** Microseconds from a consumer's death to the next handler of each message that it had. */
  readonly latencies: number[]
}

/** A participant makes no progress, although no participant is stopped. */
class Hung extends Error {}

interface Place {
  role: 'producer' | 'consumer'
  random: Random
  participant: number
  child: Child
  exit: Promise<ChildExit>
  /** True if this round itself ends the participant, so that its end is no failure. */
  ending: boolean
}

/**
 * Plays a round, and adds what it found to the totals.
 *
 * @returns false if a participant hung and the round was stopped early
 * @throws Error with the output of a participant that ended by itself
 */
export async function runQueueRound(options: Omit<RoundOptions, 'overflow'>, totals: QueueTotals): Promise<boolean> {
  using round = new QueueRound(options, totals)
  try {
    await round.run()
    return true
  } catch (error) {
    if (!(error instanceof Hung)) throw error
    console.error(error.message)
    totals.hung++
    return false
  }
}

class QueueRound implements Disposable {
  readonly #options: Omit<RoundOptions, 'overflow'>
  readonly #totals: QueueTotals
  readonly #queue: string
  readonly #ledger: Ledger
  readonly #producers: number[] = []
  #places: Place[] = []
  #participants = 1
  #letters: NodeJS.Timeout | undefined
  #fail: (error: unknown) => void = () => {}

  constructor(options: Omit<RoundOptions, 'overflow'>, totals: QueueTotals) {
    this.#options = options
    this.#totals = totals
    this.#queue = `${options.name}-queue`
    this.#ledger = Ledger.create(`${options.name}-ledger`, PARTICIPANTS)
  }

  async run(): Promise<void> {
    const failure = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    await Promise.race([this.#run(), failure])
  }

  async #run(): Promise<void> {
    const { ending, random } = this.#options
    // The creator sends nothing: it keeps the queue while all others are dead.
    const capacity = oneOf(random, [4, 64])
    using creator = createQueue(this.#queue, Numbered, {
      capacity,
      maxProducers: PRODUCERS + 1,
      maxConsumers: CONSUMERS + 1,
      // With the most, producers give up no letters unless all of their slots hold one: see #settle.
      maxDeadLetters: oneOf(random, [3, capacity - 1]),
    })
    const observer = await openQueue(this.#queue, Numbered, { waitStrategy: oneOf(random, ['park', 'adaptive']) })
    const handling = new Handling(this.#ledger, 0, randomFrom(random() * 2 ** 32))
    const observing = observer
      .process((delivery) => handling.handle(delivery), { concurrency: 2 })
      .catch((error) => this.#fail(error))
    observer.on('failed', (error) => this.#fail(error))
    this.#letters = setInterval(() => this.#takeDeadLetters(observer), LETTERS_MS)
    this.#places = [
      ...Array.from({ length: PRODUCERS }, () => this.#fill('producer', randomFrom(random() * 2 ** 32))),
      ...Array.from({ length: CONSUMERS }, () => this.#fill('consumer', randomFrom(random() * 2 ** 32))),
    ]
    for (let phase = 0; phase < PHASES && this.#killsLeft > 0; phase++) {
      await Promise.all(this.#places.map((place) => this.#killAgainAndAgain(place)))
      await this.#pause(creator, observer)
    }
    for (const place of this.#places) place.ending = true
    if (ending === 'finish') {
      this.#ledger.command = Command.finish
      for (const place of this.#places) await this.#finished(place)
    } else {
      await Promise.all(this.#places.map((place) => this.#kill(place)))
    }
    await this.#settled(creator, observer)
    clearInterval(this.#letters)
    await this.#within(observer.close(), 'the observer does not close')
    await observing
    const { dropped } = creator.stats()
    creator.close()
    this.#settle(dropped)
    this.#ledger[Symbol.dispose]()
    if (ending === 'kill-all') SharedMemory.list()
    const left = leftovers(this.#options.name)
    if (left.length > 0) console.error(`left over: ${left.join(' ')}`)
    this.#totals.leftovers += left.length
  }

  get #killsLeft(): number {
    return this.#options.kills - this.#totals.kills
  }

  #fill(role: Place['role'], random: Random): Place {
    const place = { role, random } as Place
    this.#start(place)
    return place
  }

  #start(place: Place): void {
    const { role, random } = place
    const participant = this.#participants++
    const common = {
      queue: this.#queue,
      ledger: `${this.#options.name}-ledger`,
      participants: PARTICIPANTS,
      participant,
      seed: Math.floor(random() * 2 ** 32),
      wait: oneOf(random, waits),
    }
    const task: ProducerTask | ConsumerTask =
      role === 'producer'
        ? { ...common, role }
        : { ...common, role, taking: oneOf(random, Object.keys(takings) as Taking[]) }
    if (role === 'producer') this.#producers.push(participant)
    const child = spawnChild(process.execPath, [program, JSON.stringify(task)], { timeoutMs: 2 ** 31 - 1 })
    Object.assign(place, { participant, child, exit: child.exit, ending: false } satisfies Partial<Place>)
    child.exit.then(
      ({ code, signal, stderr }) => {
        if (stderr !== '') console.error(`${nameOf(place)}: ${stderr.trimEnd()}`)
        if (!place.ending) this.#fail(new Error(`${nameOf(place)} ended (${signal ?? code}) ${JSON.stringify(task)}`))
      },
      (error) => this.#fail(error),
    )
  }

  async #killAgainAndAgain(place: Place): Promise<void> {
    for (let kill = 0; kill < KILLS_PER_PHASE && this.#killsLeft > 0; kill++) {
      await this.#stopAndKill(place)
      this.#start(place)
    }
    await this.#reached(place, Stage.joined)
  }

  async #stopAndKill(place: Place): Promise<void> {
    const { random, child } = place
    if (random() < 0.25) {
      await this.#reached(place, Stage.joining)
      if (random() < 0.5) await setTimeout(random() * 5)
    } else {
      await this.#reached(place, Stage.joined)
      await setTimeout(random() * LIFE_MS)
    }
    if (random() < 0.3 && capabilities.namespace === 'posix') {
      child.kill('SIGSTOP')
      this.#totals.stops++
      await setTimeout(random() * STOP_MS)
      if (random() < 0.5) {
        child.kill('SIGCONT')
        await setTimeout(random() * LIFE_MS)
      }
    }
    await this.#kill(place)
  }

  async #kill(place: Place): Promise<void> {
    place.ending = true
    this.#ledger.dies(place.participant, steadyNow())
    place.child.kill('SIGKILL')
    const { code, signal } = await this.#within(place.exit, `${nameOf(place)} does not die`)
    if (signal === 'SIGKILL') this.#totals.kills++
    else if (code !== 0) throw new Error(`${nameOf(place)} ended (${signal ?? code})`)
  }

  async #pause(creator: QueueWriter<typeof Numbered>, observer: QueueReader<typeof Numbered>): Promise<void> {
    const producers = this.#places.filter(({ role }) => role === 'producer')
    this.#ledger.command = Command.pause
    for (const place of producers) await this.#reached(place, Stage.paused)
    await this.#settled(creator, observer)
    this.#ledger.command = Command.run
    for (const place of producers) {
      await this.#until(
        () => this.#stageOf(place) === Stage.joined,
        () => `${nameOf(place)} does not continue`,
      )
    }
  }

  /** Waits until the queue holds nothing, and takes out the dead letters. */
  async #settled(creator: QueueWriter<typeof Numbered>, observer: QueueReader<typeof Numbered>): Promise<void> {
    const isEmpty = () => {
      this.#takeDeadLetters(observer)
      const { ready, taken, delayed, dead } = creator.stats()
      return ready + taken + delayed + dead === 0
    }
    await this.#until(isEmpty, () => `messages stay in ${this.#queue}: ${JSON.stringify(creator.stats())}`)
  }

  #takeDeadLetters(observer: QueueReader<typeof Numbered>): void {
    for (const letter of observer.deadLetters()) {
      const { author, own } = letter.value
      letter.discard()
      this.#ledger.done(author, own)
    }
  }

  #reached(place: Place, stage: number): Promise<void> {
    return this.#until(
      () => this.#stageOf(place) >= stage,
      () => `${nameOf(place)} does not come from stage ${this.#stageOf(place)} to ${stage}`,
    )
  }

  async #finished(place: Place): Promise<void> {
    const { code, signal } = await this.#within(place.exit, `${nameOf(place)} does not finish`)
    if (code !== 0) throw new Error(`${nameOf(place)} ended (${signal ?? code})`)
  }

  async #until(isSo: () => boolean, complaint: () => string): Promise<void> {
    for (const start = performance.now(); !isSo(); ) {
      if (performance.now() - start > HUNG_MS) throw new Hung(complaint())
      await setTimeout(LOOK_MS)
    }
  }

  async #within<T>(promise: Promise<T>, complaint: string): Promise<T> {
    const over = new AbortController()
    const watchdog = setTimeout(HUNG_MS, undefined, { signal: over.signal }).then(
      () => {
        throw new Hung(complaint)
      },
      () => promise,
    )
    try {
      return await Promise.race([promise, watchdog])
    } finally {
      over.abort()
    }
  }

  /**
   * Counts what is wrong. A dead letter that a producer gave up is missing, but not lost. The ledger cannot tell which messages those are: a
   * consumer may die between a take and its note. So each such letter can hide one lost message. In the rounds that give up none, nothing
   * is hidden.
   *
   * @param dropped how many dead letters producers gave up
   */
  #settle(dropped: number): void {
    const totals = this.#totals
    for (let participant = 0; participant < this.#participants; participant++) {
      const counters = this.#ledger.counters(participant)
      totals.torn += counters[TORN] as number
      totals.duplicated += counters[DUPLICATED] as number
      totals.redelivered += counters[REDELIVERED] as number
    }
    let missing = 0
    for (const producer of this.#producers) {
      totals.messages += this.#ledger.counters(producer)[SENT] as number
      missing += this.#ledger.lostOf(producer)
    }
    if (missing > dropped) console.error(`${missing} messages are missing, and ${dropped} dead letters were given up`)
    totals.lost += Math.max(0, missing - dropped)
    totals.latencies.push(...this.#ledger.latencies())
  }

  #stageOf({ participant }: Place): number {
    return Atomics.load(this.#ledger.counters(participant), STAGE)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#letters)
    for (const { child } of this.#places) child[Symbol.dispose]()
    this.#ledger[Symbol.dispose]()
  }
}

function nameOf({ role, participant, child }: Place): string {
  return `${role} ${participant} (process ${child.pid})`
}
