import { writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { FuzzedShape } from './fuzz/cases.js'
import { runSupervised } from './fuzz/supervised.js'
import { scribbleOver } from './scribble/scribble.js'
import { SCRIBBLED } from './scribble/task.js'
import { wholeNumberFrom } from './whole-number.js'

interface Options {
  cases: number
  seed?: number
  only?: number
  shape?: FuzzedShape
  scribble?: number
  json?: string
}

export const fuzz = new Command('fuzz')
  .description(
    'Changes the bytes of streams, latests, queues, calls, regions, payloads, descriptors and foreign memory at random, and then reads and writes ' +
      'them. Only values or a LayoutError may result. With --scribble, it changes the memory of running processes instead.',
  )
  .option('-c, --cases <count>', 'how many cases', wholeNumberFrom(0), 1_000_000)
  .option('-s, --seed <number>', 'repeats an earlier run', wholeNumberFrom(0))
  .option('-o, --only <index>', 'only this case of a seed', wholeNumberFrom(0))
  .addOption(
    new Option('--shape <shape>', 'only memory of this shape; with --scribble, a stream is the default').choices(
      SCRIBBLED,
    ),
  )
  .option(
    '--scribble <seconds>',
    'instead of cases, a peer writes random bytes over memory while both sides use it',
    wholeNumberFrom(0),
  )
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async ({ cases, seed = Math.floor(Math.random() * 0x7fff_ffff), only, shape, scribble, json }: Options) => {
    const report =
      scribble !== undefined
        ? await scribbleOver(scribble, seed, shape ?? 'stream')
        : only !== undefined
          ? await runSupervised(1, seed, only, shape)
          : await runSupervised(cases, seed, 0, shape)
    console.log(JSON.stringify(report, undefined, 2))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (report.failures.length > 0) process.exitCode = 1
  })
