import { writeFileSync } from 'node:fs'
import { uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { Command, Option } from 'commander'
import { runLatestRound } from './kill/latest-round.js'
import { type RoundOptions, runRound, type Totals } from './kill/round.js'
import { noEnds } from './kill-call/ledger.js'
import { type CallTotals, runCallRound } from './kill-call/round.js'
import { type QueueTotals, runQueueRound } from './kill-queue/round.js'
import { wholeNumberFrom } from './whole-number.js'

/** Kinds of rounds. If there are few kills, each kind gets a share of them. */
const KINDS = 4

const nothing: Totals = { kills: 0, stops: 0, messages: 0, lost: 0, duplicated: 0, torn: 0, hung: 0, leftovers: 0 }

export type KillReport = Totals & { seed: number; seconds: number }

const SHAPES = ['stream', 'latest', 'queue', 'call'] as const

interface Options {
  shape: (typeof SHAPES)[number]
  kills: number
  seed?: number
  json?: string
}

/** Plays rounds, of streams with both kinds of overflow and both endings, until `kills` are done or a participant hangs. */
export async function killAtRandom(
  kills: number,
  seed: number,
  shape: 'stream' | 'latest' = 'stream',
): Promise<KillReport> {
  const start = performance.now()
  const random = randomFrom(seed)
  const name = uniqueName('memlane-kill')
  const totals: Totals = { ...nothing }
  for (let round = 0; totals.kills < kills; round++) {
    const enough = Math.min(kills, totals.kills + Math.ceil(kills / KINDS))
    const common = { name: `${name}-${round}`, random, kills: enough }
    const overflow = round % 2 === 0 ? 'wait' : 'overwrite'
    const ending = (round + (round >> 1)) % 2 === 0 ? 'finish' : 'kill-all'
    const isOver =
      shape === 'latest'
        ? await runLatestRound(common, totals)
        : await runRound({ ...common, overflow, ending }, totals)
    if (!isOver) break
    if (round % 10 === 9) console.error(`after ${secondsSince(start)} s: ${JSON.stringify(totals)}`)
  }
  return { ...totals, seed, seconds: secondsSince(start) }
}

interface Latencies {
  count: number
  median: number
  p99: number
  max: number
}

export type QueueKillReport = Omit<QueueTotals, 'latencies'> & {
  seed: number
  seconds: number
  /** Milliseconds from a consumer's death to the next handler of a message that it had, and the number of such messages. */
  deathToHandlerMs: Latencies
}

/** Plays rounds of queues with both endings, until `kills` are done or a participant hangs. */
export async function killQueueAtRandom(kills: number, seed: number): Promise<QueueKillReport> {
  const { latencies, ...report } = await playRounds(kills, seed, { ...nothing, latencies: [] }, runQueueRound)
  return { ...report, deathToHandlerMs: inMs(latencies) }
}

export type CallKillReport = Omit<CallTotals, 'latencies'> & {
  seed: number
  seconds: number
  /**
   * Milliseconds from a server's death to the rejection of a call that it had, and the number of such calls. They are those of the clients that
   * live through the rounds: others may have been stopped meanwhile.
   */
  deathToRejectionMs: Latencies
}

/** Plays rounds of calls with both endings, until `kills` are done or a participant hangs. */
export async function killCallAtRandom(kills: number, seed: number): Promise<CallKillReport> {
  const totals = { ...nothing, lies: 0, ends: noEnds(), latencies: [] }
  const { latencies, ...report } = await playRounds(kills, seed, totals, runCallRound)
  return { ...report, deathToRejectionMs: inMs(latencies) }
}

async function playRounds<T extends Totals & { readonly latencies: number[] }>(
  kills: number,
  seed: number,
  totals: T,
  run: (options: RoundOptions, totals: T) => Promise<boolean>,
): Promise<T & { seed: number; seconds: number }> {
  const start = performance.now()
  const random = randomFrom(seed)
  const name = uniqueName('memlane-kill')
  for (let round = 0; totals.kills < kills; round++) {
    const ending = round % 2 === 0 ? 'finish' : 'kill-all'
    const enough = Math.min(kills, totals.kills + Math.ceil(kills / 2))
    if (!(await run({ name: `${name}-${round}`, ending, random, kills: enough }, totals))) break
    if (round % 10 === 9) {
      console.error(`after ${secondsSince(start)} s: ${JSON.stringify({ ...totals, latencies: undefined })}`)
    }
  }
  return { ...totals, seed, seconds: secondsSince(start) }
}

const secondsSince = (start: number) => Math.round((performance.now() - start) / 100) / 10

function inMs(microseconds: number[]): Latencies {
  microseconds.sort((a, b) => a - b)
  const at = (part: number) => (microseconds[Math.floor(part * microseconds.length)] ?? 0) / 1000
  return { count: microseconds.length, median: at(0.5), p99: at(0.99), max: (microseconds.at(-1) ?? 0) / 1000 }
}

const isClean = ({ lost, duplicated, torn, hung, leftovers, lies = 0 }: Totals & { lies?: number }) =>
  lost + duplicated + torn + hung + leftovers + lies === 0

export const kill = new Command('kill')
  .description(
    'Kills, stops and replaces participants at random, and checks that no message is lost, duplicated or torn, that no ' +
      'participant hangs, and that no file is left. Of a queue, a message may come again if its consumer has died. Of a latest, every reader ' +
      'must get the newest value, and no older one after it. Each call must be settled once, and its error tell the truth about whether a ' +
      'server had taken it.',
  )
  .option('-k, --kills <count>', 'how many kills', wholeNumberFrom(0), 10_000)
  .addOption(new Option('--shape <shape>', 'of which shape').choices(SHAPES).default('stream'))
  .option('-s, --seed <number>', 'repeats the choices of an earlier run, though not its timing', wholeNumberFrom(0))
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async ({ shape, kills, seed = Math.floor(Math.random() * 0x7fff_ffff), json }: Options) => {
    const report =
      shape === 'call'
        ? await killCallAtRandom(kills, seed)
        : shape === 'queue'
          ? await killQueueAtRandom(kills, seed)
          : await killAtRandom(kills, seed, shape)
    console.log(JSON.stringify(report))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (!isClean(report)) process.exitCode = 1
  })
