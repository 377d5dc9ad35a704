import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { chart } from './chart.js'
import { comparison } from './comparison.js'
import { currentEnvironment, type Result } from './report.js'
import type { Suite } from './suite.js'
import { accessors } from './suites/accessors.js'
import { bridge } from './suites/bridge.js'
import { bridgeCall } from './suites/bridge-call.js'
import { call } from './suites/call.js'
import { latest } from './suites/latest.js'
import { peerSuites } from './suites/peer-suites.js'
import { queue } from './suites/queue.js'
import { record } from './suites/record.js'
import { watchers } from './suites/watchers.js'

const suites: readonly Suite[] = [accessors, latest, ...peerSuites, queue, call, watchers, record, bridge, bridgeCall]
const peerNames = [...new Set(suites.flatMap(({ peers }) => Object.keys(peers)))]

const suiteList = suites
  .map(({ name, summary, peers, special }) => {
    const of = Object.keys(peers).join(', ')
    return `  ${name}: ${summary}${special ? ' (only if named)' : ''}\n    ${of || 'no peer yet'}`
  })
  .join('\n')
const peerList = Object.entries(Object.assign({}, ...suites.map(({ peers }) => peers)) as Record<string, string>)
  .map(([peer, summary]) => `  ${peer}: ${summary}`)
  .join('\n')

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('it must be a whole number, at least 1')
  return value
}

const program = new Command('bench')
  .description('Measures memlane and its peers, and prints Markdown tables.')
  .addOption(
    new Option('-s, --suite <name...>', 'the suites to run (default: all except those that run only if named)').choices(
      suites.map(({ name }) => name),
    ),
  )
  .addOption(new Option('-p, --peer <name...>', 'the peers to measure (default: all)').choices(peerNames))
  .addOption(
    new Option('--payload <bytes...>', 'the payloads to measure (default: all)').argParser(
      (text, before?: number[]) => [...(before ?? []), wholeNumber(text)],
    ),
  )
  .addOption(new Option('-r, --runs <count>', 'how often each trial runs (default: 5)').argParser(wholeNumber))
  .option('-q, --quick', 'one run of short trials, which shows that everything works', false)
  .option('-j, --json <file>', 'write the results to a file, as an array')
  .option('-o, --output <file>', 'write the results to FILE.json, the tables to FILE.md and a chart to FILE.svg')
  .option('-f, --from <file...>', 'measure nothing, and read the results from these files')
  .option('-c, --compare <file>', 'also print the results beside older ones, which --json wrote on this machine')
  .addHelpText('after', `\nSuites, and the peers of each:\n${suiteList}\n\nPeers:\n${peerList}`)
  .parse()

const options = program.opts<{
  suite?: string[]
  peer?: string[]
  payload?: number[]
  runs?: number
  quick: boolean
  json?: string
  output?: string
  from?: string[]
  compare?: string
}>()

function isWanted({ name, special }: Suite): boolean {
  return options.suite?.includes(name) ?? (options.from !== undefined || special !== true)
}

async function measure(suite: Suite): Promise<Result[]> {
  const onProgress = (text: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  }
  const results = await suite.run({
    runs: options.runs ?? (options.quick ? 1 : 5),
    quick: options.quick,
    peers: options.peer,
    payloads: options.payload,
    onProgress,
  })
  onProgress('')
  return results
}

function print(text: string): void {
  console.log(text)
  page.push(text)
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const readResults = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Result[]
const stored = options.from?.flatMap(readResults)
const jsonFiles = [options.json, options.output && `${options.output}.json`].filter((file) => file !== undefined)
const results: Result[] = []
const page: string[] = []
for (const suite of suites.filter(isWanted)) {
  const suiteResults = stored?.filter((result) => result.suite === suite.name) ?? (await measure(suite))
  if (suiteResults.length === 0) continue
  print(`## ${suite.name}\n\n${suite.summary}\n\n${suite.table(suiteResults)}\n`)
  results.push(...suiteResults)
  for (const file of jsonFiles) write(file, `${JSON.stringify(results, null, 2)}\n`)
}
const { node, system, processor, processorCount, date } = results[0]?.environment ?? currentEnvironment()
print(
  `Node ${node}, ${system}, ${processorCount} x ${processor}, ${date}${options.quick ? '; quick: do not quote' : ''}\n`,
)
print(
  'probe: the round trip of one cache line before and after the trial. *: these two differed by more than 1.5x, or took over 10 µs.',
)
if (options.compare !== undefined) {
  print(`\n## Compared with ${options.compare}\n\n${comparison(results, readResults(options.compare))}`)
}
if (options.output !== undefined) {
  write(`${options.output}.md`, `${page.join('\n')}\n`)
  write(`${options.output}.svg`, chart(results))
}
