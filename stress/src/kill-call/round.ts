/**
 * One channel of calls, from its creation to its end, with clients and servers that are killed, stopped and replaced. A round has phases and
 * pauses, as a round of a stream has (kill/round.ts). In a pause, every call must be settled, and every slot be its client's again: so it finds a
 * participant that sleeps beside a call, and a call that a dead one keeps. In half of the rounds, a server here lives through all of it.
 * In the others, there may be no server at all for some time.
 */

import { fileURLToPath } from 'node:url'
import { Channel } from '@memlane/channel'
import { type CallServer, type ServeOptions, serve } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import { connect } from '@memlane/producer'
import { ANSWERED, callShape, DIED, FREE, kindOf } from '@memlane/protocol/internal'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { createLedgerMemory, DUPLICATED, SENT, TORN } from '../kill/ledger.js'
import { countLeftovers, endAll, KILLS_PER_PHASE, killAgainAndAgain, PHASES, pause, play } from '../kill/playing.js'
import type { RoundOptions, Totals } from '../kill/round.js'
import { type Fail, type Start, until, Victim, within } from '../kill/victim.js'
import { CallLedger, CLOSES, LIES, LOST } from './ledger.js'
import type { Task } from './participant.js'
import { handlersOf, Numbers } from './procedures.js'

const CLIENTS = 2
const SERVERS = 3
/** The server here is participant 0. */
const PARTICIPANTS = 1 + (CLIENTS + SERVERS) * (PHASES * KILLS_PER_PHASE + 1)

const program = fileURLToPath(new URL('../../dist/kill-call-participant.js', import.meta.url))
/** A slot whose call has ended keeps its word until the next call. */
const FREE_AGAIN: ReadonlySet<number> = new Set([FREE, ANSWERED, DIED])
const waits = ['park', 'adaptive', 'spin'] as const

export interface CallTotals extends Totals {
  /** Errors that told something wrong about `taken`. */
  lies: number
  /** Microseconds from a server's death to the rejection, one for each call that it had. */
  readonly latencies: number[]
}

/**
 * Plays a round, and adds what it found to the totals.
 *
 * @returns false if a participant hung and the round was stopped early
 * @throws Error with the output of a participant that ended by itself
 */
export async function runCallRound(options: RoundOptions, totals: CallTotals): Promise<boolean> {
  using round = new CallRound(options, totals)
  return await play(round, totals)
}

class CallRound implements Disposable {
  readonly #options: RoundOptions
  readonly #totals: CallTotals
  readonly #channel: string
  readonly #ledger: CallLedger
  readonly #clients: number[] = []
  #victims: Victim[] = []
  #participants = 1

  constructor(options: RoundOptions, totals: CallTotals) {
    this.#options = options
    this.#totals = totals
    this.#channel = `${options.name}-call`
    this.#ledger = new CallLedger(createLedgerMemory(`${options.name}-ledger`, PARTICIPANTS))
  }

  async run(fail: Fail): Promise<void> {
    const { name, ending, random, kills } = this.#options
    let server = this.#serve({ capacity: oneOf(random, [4, 64]), maxClients: CLIENTS + 1, maxServers: SERVERS + 1 })
    // It calls nothing: it keeps the memory while all others are dead.
    using keeper = await connect(this.#channel, Numbers)
    if (random() < 0.5) await this.#close(server)
    const clients = Array.from({ length: CLIENTS }, () => this.#victim('client', randomFrom(random() * 2 ** 32), fail))
    const servers = Array.from({ length: SERVERS }, () => this.#victim('server', randomFrom(random() * 2 ** 32), fail))
    this.#victims = [...clients, ...servers]
    for (let phase = 0; phase < PHASES && this.#totals.kills < kills; phase++) {
      await Promise.all(this.#victims.map((victim) => killAgainAndAgain(victim, this.#totals, kills)))
      await pause(this.#ledger, clients, () => this.#settled())
    }
    if (server.closed) server = this.#serve()
    await endAll(this.#ledger, this.#victims, ending, this.#totals)
    await this.#settled()
    await this.#close(server)
    keeper.close()
    this.#settle()
    this.#ledger[Symbol.dispose]()
    if (ending === 'kill-all') SharedMemory.list()
    countLeftovers(name, this.#totals)
  }

  #serve(options: ServeOptions = {}): CallServer {
    const { random } = this.#options
    const waitStrategy = oneOf(random, ['park', 'adaptive'] as const)
    const handlers = handlersOf(this.#ledger, 0, randomFrom(random() * 2 ** 32))
    return serve(this.#channel, Numbers, handlers, { waitStrategy, ...options })
  }

  async #close(server: CallServer): Promise<void> {
    Atomics.add(this.#ledger.counters(0), CLOSES, 1)
    await within(server.close(), 'the server of the round does not close')
  }

  #victim(role: Task['role'], random: Random, fail: Fail): Victim {
    const next = (): Start => {
      const participant = this.#participants++
      if (role === 'client') this.#clients.push(participant)
      const task: Task = {
        role,
        channel: this.#channel,
        ledger: `${this.#options.name}-ledger`,
        participant,
        seed: Math.floor(random() * 2 ** 32),
        wait: oneOf(random, waits),
      }
      const counters = this.#ledger.counters(participant)
      const dies = () => this.#ledger.dies(participant, steadyNow())
      return { name: `${role} ${participant}`, counters, task, dies }
    }
    return new Victim(program, random, next, fail)
  }

  /** Waits until every slot is its client's again. */
  async #settled(): Promise<void> {
    const channel = Channel.open(callShape, this.#channel, undefined, {})
    const kinds = (): number[] => {
      const found: number[] = []
      channel.control.forEachSlot((_index: number, word: number) => found.push(kindOf(word)))
      return found
    }
    try {
      await until(
        () => kinds().every((kind) => FREE_AGAIN.has(kind)),
        () => `slots of ${this.#channel} stay in use: ${kinds().join(' ')}`,
      )
    } finally {
      channel.close()
    }
  }

  /** Counts what is wrong. */
  #settle(): void {
    const totals = this.#totals
    for (let participant = 0; participant < this.#participants; participant++) {
      const counters = this.#ledger.counters(participant)
      totals.torn += counters[TORN] as number
      totals.duplicated += counters[DUPLICATED] as number
      totals.lies += counters[LIES] as number
    }
    for (const client of this.#clients) {
      const counters = this.#ledger.counters(client)
      totals.messages += counters[SENT] as number
      totals.lost += counters[LOST] as number
      if (this.#ledger.diedAt(client) === 0) totals.lost += this.#ledger.unsettledOf(client)
    }
    totals.latencies.push(...this.#ledger.latencies())
  }

  [Symbol.dispose](): void {
    for (const victim of this.#victims) victim[Symbol.dispose]()
    this.#ledger[Symbol.dispose]()
  }
}
