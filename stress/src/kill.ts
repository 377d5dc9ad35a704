import { writeFileSync } from 'node:fs'
import { uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { Command } from 'commander'
import { runRound, type Totals } from './kill/round.js'
import { wholeNumberFrom } from './whole-number.js'

/** Kinds of rounds. If there are few kills, each kind gets a share of them. */
const KINDS = 4

export type KillReport = Totals & { seed: number; seconds: number }

/** Plays rounds with both kinds of overflow and both endings, until `kills` are done or a participant hangs. */
export async function killAtRandom(kills: number, seed: number): Promise<KillReport> {
  const start = performance.now()
  const random = randomFrom(seed)
  const name = uniqueName('memlane-kill')
  const totals: Totals = { kills: 0, stops: 0, messages: 0, lost: 0, duplicated: 0, torn: 0, hung: 0, leftovers: 0 }
  for (let round = 0; totals.kills < kills; round++) {
    const overflow = round % 2 === 0 ? 'wait' : 'overwrite'
    const ending = (round + (round >> 1)) % 2 === 0 ? 'finish' : 'kill-all'
    const enough = Math.min(kills, totals.kills + Math.ceil(kills / KINDS))
    if (!(await runRound({ name: `${name}-${round}`, overflow, ending, random, kills: enough }, totals))) break
    const seconds = Math.round((performance.now() - start) / 1000)
    if (round % 10 === 9) console.error(`after ${seconds} s: ${JSON.stringify(totals)}`)
  }
  return { ...totals, seed, seconds: Math.round((performance.now() - start) / 100) / 10 }
}

const isClean = ({ lost, duplicated, torn, hung, leftovers }: KillReport) =>
  lost + duplicated + torn + hung + leftovers === 0

export const kill = new Command('kill')
  .description(
    'Kills, stops and replaces producers and consumers of streams at random, and checks that every committed message ' +
      'arrives once, in order and whole, that no participant hangs, and that no file is left.',
  )
  .option('-k, --kills <count>', 'how many kills', wholeNumberFrom(0), 10_000)
  .option('-s, --seed <number>', 'repeats the choices of an earlier run, though not its timing', wholeNumberFrom(0))
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async ({ kills, seed, json }: { kills: number; seed?: number; json?: string }) => {
    const report = await killAtRandom(kills, seed ?? Math.floor(Math.random() * 0x7fff_ffff))
    console.log(JSON.stringify(report))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (!isClean(report)) process.exitCode = 1
  })
