import { writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { currentEnvironment, type Result } from './report.js'
import type { Suite } from './suite.js'
import { accessors } from './suites/accessors.js'

const suites: readonly Suite[] = [accessors]

const listing = suites
  .map(({ name, summary, peers }) => {
    const lines = Object.entries(peers).map(([peer, what]) => `    ${peer}: ${what}`)
    return [`  ${name}: ${summary}`, ...lines].join('\n')
  })
  .join('\n')

const program = new Command('bench')
  .description('Measures memlane beside its peers and prints a Markdown table per suite.')
  .addOption(
    new Option('-s, --suite <name...>', 'the suites to run').choices(suites.map(({ name }) => name)).default(
      suites.map(({ name }) => name),
      'all',
    ),
  )
  .option('-j, --json <file>', 'write the results to a file, as an array')
  .option('-q, --quick', 'fewer runs, to see that all works', false)
  .addHelpText('after', `\nSuites, and the peers of each:\n${listing}`)
  .parse()

const options = program.opts<{ suite: string[]; json?: string; quick: boolean }>()
const results: Result[] = []
for (const suite of suites.filter(({ name }) => options.suite.includes(name))) {
  const onProgress = (text: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  }
  const suiteResults = await suite.run({ quick: options.quick, onProgress })
  onProgress('')
  console.log(`## ${suite.name}\n\n${suite.summary}\n\n${suite.table(suiteResults)}\n`)
  results.push(...suiteResults)
}
const { node, system, processor, processorCount } = currentEnvironment()
console.log(`Node ${node}, ${system}, ${processorCount} x ${processor}${options.quick ? '; quick: not to quote' : ''}`)
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`)
