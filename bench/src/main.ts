import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { chart } from './chart.js'
import { currentEnvironment, type Result } from './report.js'
import type { Suite } from './suite.js'
import { accessors } from './suites/accessors.js'
import { peerSuites } from './suites/peer-suites.js'

const suites: readonly Suite[] = [accessors, ...peerSuites]
const peerNames = [...new Set(suites.flatMap(({ peers }) => Object.keys(peers)))]

const suiteList = suites
  .map(({ name, summary, peers, special }) => {
    const of = Object.keys(peers).join(', ')
    return `  ${name}: ${summary}${special ? ' (only when named)' : ''}\n    ${of || 'no peer yet'}`
  })
  .join('\n')
const peerList = Object.entries(Object.assign({}, ...suites.map(({ peers }) => peers)) as Record<string, string>)
  .map(([peer, summary]) => `  ${peer}: ${summary}`)
  .join('\n')

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 is needed')
  return value
}

const program = new Command('bench')
  .description('Measures memlane beside its peers and prints Markdown tables.')
  .addOption(
    new Option('-s, --suite <name...>', 'the suites to run (default: all but those that run only when named)').choices(
      suites.map(({ name }) => name),
    ),
  )
  .addOption(new Option('-p, --peer <name...>', 'the peers to measure (default: all)').choices(peerNames))
  .addOption(
    new Option('--payload <bytes...>', 'the payloads to measure (default: all)').argParser(
      (text, before?: number[]) => [...(before ?? []), wholeNumber(text)],
    ),
  )
  .addOption(new Option('-r, --runs <count>', 'how often each trial is repeated (default: 5)').argParser(wholeNumber))
  .option('-q, --quick', 'one run of short trials, to see that all works', false)
  .option('-j, --json <file>', 'write the results to a file, as an array')
  .option('-c, --chart <file>', 'draw the results into an SVG file')
  .option('-f, --from <file>', 'measure nothing: take the results from a file that --json wrote')
  .addHelpText('after', `\nSuites, and the peers of each:\n${suiteList}\n\nPeers:\n${peerList}`)
  .parse()

const options = program.opts<{
  suite?: string[]
  peer?: string[]
  payload?: number[]
  runs?: number
  quick: boolean
  json?: string
  chart?: string
  from?: string
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

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const stored = options.from === undefined ? undefined : (JSON.parse(readFileSync(options.from, 'utf8')) as Result[])
const results: Result[] = []
for (const suite of suites.filter(isWanted)) {
  const suiteResults = stored?.filter((result) => result.suite === suite.name) ?? (await measure(suite))
  if (suiteResults.length === 0) continue
  console.log(`## ${suite.name}\n\n${suite.summary}\n\n${suite.table(suiteResults)}\n`)
  results.push(...suiteResults)
  if (options.json !== undefined) write(options.json, `${JSON.stringify(results, null, 2)}\n`)
}
const { node, system, processor, processorCount, date } = results[0]?.environment ?? currentEnvironment()
console.log(
  `Node ${node}, ${system}, ${processorCount} x ${processor}, ${date}${options.quick ? '; quick: not to quote' : ''}`,
)
console.log(
  'probe: the round trip of one cache line beside the trial; *: the probes before and after a run differed by more than 1.5x.',
)
if (options.chart !== undefined) write(options.chart, chart(results))
