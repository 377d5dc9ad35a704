import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { playWatched } from './fuzz/watched.js'
import { scribbleOver } from './scribble/scribble.js'

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is needed')
  return value
}

interface Options {
  cases: number
  seed?: number
  only?: number
  scribble?: number
  json?: string
}

export const fuzz = new Command('fuzz')
  .description(
    'Changes the bytes of streams, regions, payloads, descriptors and foreign memory at random, and then reads and writes ' +
      'them: nothing but values and a LayoutError may come of it. Or, with --scribble, changes the memory of processes at work.',
  )
  .option('-c, --cases <count>', 'how many cases', wholeNumber, 1_000_000)
  .option('-s, --seed <number>', 'repeats an earlier run', wholeNumber)
  .option('-o, --only <index>', 'only this case of a seed', wholeNumber)
  .option(
    '--scribble <seconds>',
    'no cases: a peer scribbles over streams while producers and consumers run',
    wholeNumber,
  )
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async ({ cases, seed = Math.floor(Math.random() * 0x7fff_ffff), only, scribble, json }: Options) => {
    const report =
      scribble !== undefined
        ? await scribbleOver(scribble, seed)
        : only !== undefined
          ? await playWatched(1, seed, only)
          : await playWatched(cases, seed)
    console.log(JSON.stringify(report, undefined, 2))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (report.failures.length > 0) process.exitCode = 1
  })
