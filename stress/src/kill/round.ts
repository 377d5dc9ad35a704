/**
 * One stream, from its creation to its end, with producers and consumers that are killed, stopped and replaced, and an
 * observer here that lives through all of it.
 *
 * It goes by bouts. In a bout each seat has its participant killed several times, at the mercy of a random generator; a bout
 * ends when every seat has a participant that has joined and runs. Then there is a pause without kills or stops: each producer
 * sends a last message and is silent, and everybody must come to have all that was sent. So who sleeps through a message,
 * or waits for a dead one, is found out though everything else that happens would wake it.
 *
 * A stopped participant may rightly keep the others waiting. Stops end within STOP_MS, and none reaches into a pause: so who
 * makes no progress for HUNG_MS hangs.
 */

import { readdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openStream, type StreamReader } from '@memlane/consumer'
import { capabilities, SharedMemory } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { type Child, type ChildExit, spawnChild } from '@memlane/testing'
import { Numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { asyncReadings, type Reading, readings } from '@memlane/testing/readings'
import { Board, COUNT, Command, DUPLICATED, LOST, nextOf, privateAccount, STAGE, Stage, TORN } from './board.js'
import { Ledger } from './ledger.js'
import type { ConsumerTask, ProducerTask } from './participant.js'

const PRODUCERS = 3
const CONSUMERS = 2
const BOUTS = 5
const KILLS_PER_BOUT = 4

const LIFE_MS = 40
const STOP_MS = 60
const HUNG_MS = 30_000
const LOOK_MS = 1

const program = fileURLToPath(new URL('../../dist/participant.js', import.meta.url))
const waits = ['park', 'adaptive', 'spin'] as const

export interface Tally {
  kills: number
  stops: number
  /** Those that the observers got. */
  messages: number
  lost: number
  duplicated: number
  torn: number
  hung: number
  /** Files that were there after the last participant's end. */
  leftovers: number
}

export interface RoundOptions {
  /** Begins the names of all that the round makes. */
  name: string
  overflow: 'wait' | 'overwrite'
  /**
   * `finish`: the last participants close, the observer as the last, and nothing may be left. `massacre`: all are killed, and the
   * last handles of the stream with them, which then is there until somebody looks, as `SharedMemory.list()` does.
   */
  ending: 'finish' | 'massacre'
  random: Random
  /** Ends the round early, when that many kills are counted. */
  kills: number
}

/** Somebody makes no progress, and nobody is stopped. */
class Hung extends Error {}

interface Seat {
  role: 'producer' | 'consumer'
  random: Random
  incarnation: number
  account: Int32Array
  child: Child
  exit: Promise<ChildExit>
  /** Whether its participant's end is nobody's fault but ours. */
  ending: boolean
}

/**
 * Plays a round, and adds what it found to the tally.
 *
 * @returns false when somebody hung: then the round was broken off
 * @throws Error when a participant ended by itself, with what it said
 */
export async function playRound(options: RoundOptions, tally: Tally): Promise<boolean> {
  using round = new Round(options, tally)
  try {
    await round.play()
    return true
  } catch (error) {
    if (!(error instanceof Hung)) throw error
    console.error(error.message)
    tally.hung++
    return false
  }
}

class Round implements Disposable {
  readonly #options: RoundOptions
  readonly #tally: Tally
  readonly #stream: string
  readonly #board: Board
  readonly #producers: number[] = []
  readonly #consumers: number[] = []
  #seats: Seat[] = []
  #incarnations = 0
  #fail: (error: unknown) => void = () => {}

  constructor(options: RoundOptions, tally: Tally) {
    this.#options = options
    this.#tally = tally
    this.#stream = `${options.name}-stream`
    const accounts = (PRODUCERS + CONSUMERS) * (BOUTS * KILLS_PER_BOUT + 1)
    this.#board = Board.create(`${options.name}-board`, accounts)
  }

  async play(): Promise<void> {
    const failure = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    await Promise.race([this.#play(), failure])
  }

  async #play(): Promise<void> {
    const { overflow, ending, random } = this.#options
    const dimensions = { capacity: 65_536, maxProducers: PRODUCERS + 1, maxConsumers: CONSUMERS + 1 }
    // Sends nothing, so that the stream does not end when all producers are dead for a moment.
    using creator = createStream(this.#stream, Numbered, { ...dimensions, overflow })
    using observer = await openStream(this.#stream, Numbered, {
      from: 'oldest',
      waitStrategy: oneOf(random, ['park', 'adaptive']),
    })
    const account = privateAccount()
    const ledger = new Ledger(`the observer of ${this.#stream} (${overflow})`, account, true, () => observer.missed)
    const read = this.#observe(observer, ledger)

    this.#seats = [
      ...Array.from({ length: PRODUCERS }, () => this.#fill('producer', randomFrom(random() * 2 ** 32))),
      ...Array.from({ length: CONSUMERS }, () => this.#fill('consumer', randomFrom(random() * 2 ** 32))),
    ]
    for (let bout = 0; bout < BOUTS && this.#killsLeft > 0; bout++) {
      await Promise.all(this.#seats.map((seat) => this.#killAgainAndAgain(seat)))
      await this.#pause(account)
    }
    for (const seat of this.#seats) seat.ending = true
    if (ending === 'finish') {
      this.#board.command = Command.finish
      creator.close()
      for (const seat of this.#seats) await this.#finished(seat)
      await this.#within(read, 'the observer does not come to the end')
      observer.close()
    } else {
      await this.#killAll('producer')
      creator.close()
      await this.#within(read, 'the observer does not come to the end')
      observer.close()
      await this.#killAll('consumer')
    }
    this.#settle(account, ledger)
    this.#board[Symbol.dispose]()
    if (ending === 'massacre') SharedMemory.list()
    const left = objects().filter((name) => name.includes(this.#options.name))
    if (left.length > 0) console.error(`left over: ${left.join(' ')}`)
    this.#tally.leftovers += left.length
  }

  async #observe(observer: StreamReader<typeof Numbered>, ledger: Ledger): Promise<void> {
    const reading = oneOf(this.#options.random, ['receive', 'iterate', 'batches', 'poll', 'readable'] as const)
    try {
      await asyncReadings[reading](observer, ledger)
      ledger.settle()
    } catch (error) {
      this.#fail(error)
    }
  }

  get #killsLeft(): number {
    return this.#options.kills - this.#tally.kills
  }

  #fill(role: Seat['role'], random: Random): Seat {
    const seat = { role, random } as Seat
    this.#start(seat)
    return seat
  }

  #start(seat: Seat): void {
    const { role, random } = seat
    const incarnation = this.#incarnations++
    const common = {
      stream: this.#stream,
      board: `${this.#options.name}-board`,
      incarnation,
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
    ;(role === 'producer' ? this.#producers : this.#consumers).push(incarnation)
    const child = spawnChild(process.execPath, [program, JSON.stringify(task)], { timeoutMs: 2 ** 31 - 1 })
    Object.assign(seat, {
      incarnation,
      account: this.#board.account(incarnation),
      child,
      exit: child.exit,
      ending: false,
    } satisfies Partial<Seat>)
    child.exit.then(
      ({ code, signal, stderr }) => {
        if (stderr !== '') console.error(`${nameOf(seat)}: ${stderr.trimEnd()}`)
        if (!seat.ending) this.#fail(new Error(`${nameOf(seat)} ended (${signal ?? code})`))
      },
      (error) => this.#fail(error),
    )
  }

  async #killAgainAndAgain(seat: Seat): Promise<void> {
    for (let kill = 0; kill < KILLS_PER_BOUT && this.#killsLeft > 0; kill++) {
      await this.#sufferAndDie(seat)
      this.#start(seat)
    }
    await this.#reached(seat, Stage.joined)
  }

  async #sufferAndDie(seat: Seat): Promise<void> {
    const { random, child } = seat
    if (random() < 0.25) {
      await this.#reached(seat, Stage.joining)
      if (random() < 0.5) await setTimeout(random() * 5)
    } else {
      await this.#reached(seat, Stage.joined)
      await setTimeout(random() * LIFE_MS)
    }
    if (random() < 0.3 && capabilities.namespace === 'posix') {
      child.kill('SIGSTOP')
      this.#tally.stops++
      await setTimeout(random() * STOP_MS)
      if (random() < 0.5) {
        child.kill('SIGCONT')
        await setTimeout(random() * LIFE_MS)
      }
    }
    await this.#kill(seat)
  }

  async #kill(seat: Seat): Promise<void> {
    seat.ending = true
    seat.child.kill('SIGKILL')
    const { code, signal } = await this.#within(seat.exit, `${nameOf(seat)} does not die`)
    if (signal === 'SIGKILL') this.#tally.kills++
    else if (code !== 0) throw new Error(`${nameOf(seat)} ended (${signal ?? code})`)
  }

  async #killAll(role: Seat['role']): Promise<void> {
    await Promise.all(this.#seats.filter((seat) => seat.role === role).map((seat) => this.#kill(seat)))
  }

  async #pause(observer: Int32Array): Promise<void> {
    const producers = this.#seats.filter(({ role }) => role === 'producer')
    this.#board.command = Command.pause
    for (const seat of producers) await this.#reached(seat, Stage.paused)
    const carried = this.#board.lanes.slice()
    for (const seat of this.#seats) {
      if (seat.role === 'consumer') await this.#caughtUp(nameOf(seat), seat.account, carried)
    }
    await this.#caughtUp('the observer', observer, carried)
    this.#board.command = Command.run
    for (const seat of producers) {
      await this.#until(() => stageOf(seat) === Stage.joined, `${nameOf(seat)} does not go on`)
    }
  }

  #caughtUp(who: string, account: Int32Array, carried: Int32Array): Promise<void> {
    const next = nextOf(account)
    const isThere = () => carried.every((count, lane) => Atomics.load(next, lane) >= count)
    return this.#until(isThere, () => `${who} does not get all that was sent: ${next} of ${carried}`)
  }

  #reached(seat: Seat, stage: number): Promise<void> {
    return this.#until(
      () => stageOf(seat) >= stage,
      () => `${nameOf(seat)} does not come from stage ${stageOf(seat)} to ${stage}`,
    )
  }

  async #finished(seat: Seat): Promise<void> {
    const { code, signal } = await this.#within(seat.exit, `${nameOf(seat)} does not finish`)
    if (code !== 0) throw new Error(`${nameOf(seat)} ended (${signal ?? code})`)
  }

  async #until(isSo: () => boolean, complaint: string | (() => string)): Promise<void> {
    for (const start = performance.now(); !isSo(); ) {
      if (performance.now() - start > HUNG_MS) throw new Hung(typeof complaint === 'string' ? complaint : complaint())
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

  #settle(observer: Int32Array, ledger: Ledger): void {
    const tally = this.#tally
    tally.messages += observer[COUNT] as number
    for (const account of [observer, ...this.#consumers.map((consumer) => this.#board.account(consumer))]) {
      tally.lost += account[LOST] as number
      tally.duplicated += account[DUPLICATED] as number
      tally.torn += account[TORN] as number
    }
    if (this.#options.overflow === 'overwrite') return
    // What was sent and told of has come; what was sent just before the end may have.
    for (const producer of this.#producers) {
      const told = this.#board.account(producer)[COUNT] as number
      tally.lost += Math.max(0, told - 1 - (ledger.last.get(producer) ?? -1))
    }
  }

  [Symbol.dispose](): void {
    for (const { child } of this.#seats) child[Symbol.dispose]()
    this.#board[Symbol.dispose]()
  }
}

function stageOf({ account }: Seat): number {
  return Atomics.load(account, STAGE)
}

function nameOf({ role, incarnation, child }: Seat): string {
  return `${role} ${incarnation} (process ${child.pid})`
}

function objects(): string[] {
  const { objectDirectory } = capabilities
  return objectDirectory === undefined
    ? SharedMemory.list().map(({ objectName }) => objectName)
    : readdirSync(objectDirectory)
}
