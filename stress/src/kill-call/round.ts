/**
 * One channel of calls, from its creation to its end, with clients and servers that are killed, stopped and replaced. A round has phases and
 * pauses, as a round of a stream has (kill/round.ts). In a pause, every call must be settled, and every slot, place and lease of a dead
 * participant be free: so it finds a participant that sleeps beside a call, and a call that a dead one keeps. One more client calls through all of it. In half of the
 * rounds, one more server lives as long. In the others, there may be no server at all for some time.
 */

import { fileURLToPath } from 'node:url'
import { Channel } from '@memlane/channel'
import { SharedMemory } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import { connect } from '@memlane/producer'
import { callShape } from '@memlane/protocol/internal'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { CallLeftovers, type Living } from '../call-leftovers.js'
import { Command, createLedgerMemory, DUPLICATED, SENT, TORN } from '../kill/ledger.js'
import { countLeftovers, endAll, KILLS_PER_PHASE, killAgainAndAgain, PHASES, pause, play } from '../kill/playing.js'
import { Stage } from '../kill/progress.js'
import type { RoundOptions, Totals } from '../kill/round.js'
import { type Fail, type Start, until, Victim } from '../kill/victim.js'
import { CallLedger, type Ends, LIES, LOST } from './ledger.js'
import type { Task } from './participant.js'
import { Numbers } from './procedures.js'

const CLIENTS = 2
const SERVERS = 3
/** With the client that lasts, and the server that lasts, which is started twice at most. */
const PARTICIPANTS = (CLIENTS + SERVERS) * (PHASES * KILLS_PER_PHASE + 1) + 3
/** With the client that lasts, and the one that keeps the memory. */
const MAX_CLIENTS = CLIENTS + 2
const MAX_SERVERS = SERVERS + 1

const program = fileURLToPath(new URL('../../dist/kill-call-participant.js', import.meta.url))
const waits = ['park', 'adaptive', 'spin'] as const

export interface CallTotals extends Totals {
  /** Errors that told something wrong about `taken`. */
  lies: number
  readonly ends: Ends
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
  readonly #capacity: number
  readonly #ledger: CallLedger
  readonly #clients: number[] = []
  readonly #victims: Victim[] = []
  #participants = 0
  #fail: Fail = () => {}

  constructor(options: RoundOptions, totals: CallTotals) {
    this.#options = options
    this.#totals = totals
    this.#channel = `${options.name}-call`
    this.#capacity = oneOf(options.random, [4, 64])
    this.#ledger = new CallLedger(createLedgerMemory(`${options.name}-ledger`, PARTICIPANTS))
  }

  async run(fail: Fail): Promise<void> {
    this.#fail = fail
    const { name, ending, random, kills } = this.#options
    let lasting = this.#victim('lasting-server')
    // It calls nothing: it keeps the memory while all others are dead.
    using keeper = await connect(this.#channel, Numbers)
    const lasts = random() < 0.5
    if (!lasts) await lasting.kill(this.#totals)
    const lastingClient = this.#victim('lasting-client')
    const clients = Array.from({ length: CLIENTS }, () => this.#victim('client'))
    const servers = Array.from({ length: SERVERS }, () => this.#victim('server'))
    const victims = [...clients, ...servers]
    const living = { clients: MAX_CLIENTS, servers: lasts ? MAX_SERVERS : SERVERS }
    for (let phase = 0; phase < PHASES && this.#totals.kills < kills; phase++) {
      await Promise.all(victims.map((victim) => killAgainAndAgain(victim, this.#totals, kills)))
      await pause(this.#ledger, [...clients, lastingClient], () => this.#cleanedUp(living))
    }
    if (!lasts) lasting = this.#victim('lasting-server')
    await lasting.reached(Stage.joined)
    await endAll(this.#ledger, [...victims, lastingClient], ending, this.#totals)
    await this.#cleanedUp({ clients: 1, servers: 1 })
    lasting.mayEnd()
    this.#ledger.command = Command.end
    await lasting.finished()
    await this.#cleanedUp({ clients: 1, servers: 0 })
    keeper.close()
    this.#settle()
    this.#ledger[Symbol.dispose]()
    if (ending === 'kill-all') SharedMemory.list()
    countLeftovers(name, this.#totals)
  }

  #victim(role: Task['role']): Victim {
    const random: Random = randomFrom(this.#options.random() * 2 ** 32)
    const next = (): Start => {
      const participant = this.#participants++
      if (role === 'client' || role === 'lasting-client') this.#clients.push(participant)
      const task: Task = {
        role,
        channel: this.#channel,
        options: { capacity: this.#capacity, maxClients: MAX_CLIENTS, maxServers: MAX_SERVERS },
        ledger: `${this.#options.name}-ledger`,
        participant,
        seed: Math.floor(random() * 2 ** 32),
        wait: oneOf(random, waits),
      }
      const counters = this.#ledger.counters(participant)
      const dies = () => this.#ledger.dies(participant, steadyNow())
      return { name: `${role} ${participant}`, counters, task, dies }
    }
    const victim = new Victim(program, random, next, this.#fail)
    this.#victims.push(victim)
    return victim
  }

  /** Waits until nothing is left of calls and of the dead. */
  async #cleanedUp(living: Living): Promise<void> {
    const channel = Channel.open(callShape, this.#channel, undefined, {})
    const leftovers = new CallLeftovers(channel, living)
    try {
      await until(
        () => leftovers.find() === undefined,
        () => `left in ${this.#channel}: ${leftovers.find()}`,
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
      if (this.#clients.includes(participant)) this.#count(participant)
      totals.torn += counters[TORN] as number
      totals.duplicated += counters[DUPLICATED] as number
      totals.lies += counters[LIES] as number
    }
    totals.latencies.push(...this.#ledger.latencies())
  }

  #count(client: number): void {
    const totals = this.#totals
    const counters = this.#ledger.counters(client)
    const ends = this.#ledger.endsOf(client, this.#ledger.interruptedTakes(this.#participants))
    totals.messages += counters[SENT] as number
    totals.lost += counters[LOST] as number
    if (this.#ledger.diedAt(client) === 0) totals.lost += ends.unsettled
    for (const end of Object.keys(ends) as (keyof Ends)[]) totals.ends[end] += ends[end]
  }

  [Symbol.dispose](): void {
    for (const victim of this.#victims) victim[Symbol.dispose]()
    this.#ledger[Symbol.dispose]()
  }
}
