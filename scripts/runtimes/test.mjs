// node test.mjs [--runtime bun,deno] [NAME…]: runs the tests of packages/ under Bun and Deno, in a copy of the project
// (scripts/stage.mjs), each test file in a process of its own. Then runs the tests between Node.js, Bun and Deno. With names, runs
// only the files whose path contains one of them. The runtime `node` is this Node.js with the waiting thread of Bun and Deno in
// place of libuv (MEMLANE_UV_POLL=off). Prints the tests that are left out, with their reasons (left-out.mjs), and a last
// line "N passed, N failed".

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from '../arguments.mjs'
import { binaryOf } from './binaries.mjs'
import { leftOut } from './left-out.mjs'

const FILE_TIMEOUT_MS = 120_000

const root = resolve(fileURLToPath(import.meta.url), '../../..')
const home = join(root, '.runtimes')
const stage = join(home, 'stage')
const results = join(home, 'results')
const source = (name) => join(root, 'scripts', 'runtimes', name)

const usage = `Usage: npm run test:runtimes -- [--runtime bun,deno,node] [NAME...]

Runs the tests of packages/ under each runtime, then the tests between runtimes. With names, runs only the files whose path
contains one of them.

  --runtime NAMES   default: bun,deno. node is this Node.js, where a thread waits in place of libuv`
const { positionals: names, values } = readArguments(usage, {
  allowPositionals: true,
  options: { runtime: { type: 'string', default: 'bun,deno' } },
})
const runtimes = values.runtime.split(',')
const commands = {
  bun: () => [binaryOf('bun')],
  deno: () => [binaryOf('deno'), 'run', '--allow-all', '--quiet'],
  node: () => [process.execPath, '--no-warnings'],
}
const unknown = runtimes.find((runtime) => !Object.hasOwn(commands, runtime))
if (unknown !== undefined) {
  console.error(`--runtime ${unknown}: choose from ${Object.keys(commands).join(', ')}`)
  process.exit(2)
}

execFileSync(process.execPath, [join(root, 'scripts', 'stage.mjs'), stage, '--runner', source('test-functions.mjs')], {
  stdio: 'inherit',
})
cpSync(source('run-file.mjs'), join(stage, 'run-file.mjs'))
rmSync(results, { recursive: true, force: true })
mkdirSync(results)

const files = readdirSync(join(stage, 'packages'), { recursive: true })
  .map((file) => `packages/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.test.js') && !file.includes('node_modules/'))
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .sort()

/** Runs one file. Returns the tests by outcome: `passed`, `failed`, `skipped` and `left out`, each a list of reports. */
async function runFile(runtime, [command, ...options], file) {
  const entries = leftOut.filter(
    (entry) => entry.runtimes.includes(runtime) && file === entry.file.replace(/ts$/, 'js'),
  )
  const whole = entries.find((entry) => entry.test === undefined)
  if (whole) return { runtime, file, reports: [{ title: 'all', outcome: 'left out' }], output: '' }

  const report = join(results, `${runtime}-${file.replaceAll('/', '-')}.jsonl`)
  const args = [...options, 'run-file.mjs', file, report, JSON.stringify(entries.map((entry) => entry.test))]
  const child = spawn(command, args, {
    cwd: stage,
    env: runtime === 'node' ? { ...process.env, MEMLANE_UV_POLL: 'off' } : process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: FILE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const [code, signal] = await once(child, 'close')

  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : []
  const reports = new Map()
  for (const line of lines.map((line) => JSON.parse(line))) reports.set(line.title, line)
  for (const entry of entries) {
    if ([...reports.keys()].some((title) => title === entry.test || title.startsWith(`${entry.test} > `))) continue
    reports.set(entry.test, {
      title: entry.test,
      outcome: 'failed',
      error: 'left-out.mjs names this test, but it is not there',
    })
  }
  const end = signal ? `the process ended by ${signal}` : `the process ended with exit code ${code}`
  for (const one of reports.values()) {
    if (one.outcome === 'started') Object.assign(one, { outcome: 'failed', error: end })
  }
  const outcomes = [...reports.values()].map((one) => one.outcome)
  if (reports.size === 0 || (code !== 0 && !outcomes.includes('failed')))
    reports.set(end, { title: 'the whole file', outcome: 'failed', error: end })
  return { runtime, file, reports: [...reports.values()], output }
}

function count(reports, outcome) {
  return reports.filter((report) => report.outcome === outcome).length
}

function print({ runtime, file, reports, output }, startMs) {
  const failures = reports.filter((report) => report.outcome === 'failed')
  const parts = ['passed', 'failed', 'skipped', 'left out']
    .map((outcome) => [count(reports, outcome), outcome])
    .filter(([number]) => number > 0)
    .map((pair) => pair.join(' '))
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  console.log(`${failures.length > 0 ? 'FAILED' : 'ok'} ${runtime} ${file}: ${parts.join(', ')} (${seconds} s)`)
  for (const { title, error } of failures) console.log(`  ${title}\n${error?.replace(/^/gm, '    ')}`)
  if (failures.length > 0 && output) console.log(`  its output:\n${output.trimEnd().replace(/^/gm, '    ')}`)
}

const summary = []
for (const runtime of runtimes) {
  const command = commands[runtime]()
  const version = execFileSync(command[0], ['--version'], { encoding: 'utf8' }).match(/\d+\.\d+\.\d+/)[0]
  const pending = [...files]
  const reports = []
  const work = async () => {
    for (let file = pending.shift(); file; file = pending.shift()) {
      const start = performance.now()
      const result = await runFile(runtime, command, file)
      reports.push(...result.reports)
      print(result, start)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  summary.push({ runtime, version, reports })
}

for (const { file, test, runtimes: names, reason } of leftOut) {
  const here = names.filter((name) => runtimes.includes(name) && files.includes(file.replace(/ts$/, 'js')))
  if (here.length > 0) console.log(`left out under ${here.join(', ')}: ${file}${test ? `: ${test}` : ''}: ${reason}`)
}
for (const { runtime, version, reports } of summary) {
  const [passed, failed, skipped, left] = ['passed', 'failed', 'skipped', 'left out'].map((one) => count(reports, one))
  console.log(
    `${runtime} ${version}: ${passed} passed, ${failed} failed, ${left} left out, ${skipped} for another system`,
  )
}

/** Runs the tests between runtimes by vitest. Returns its counts. */
function runBetween() {
  const env = { ...process.env, MEMLANE_STAGE: stage, MEMLANE_BUN: binaryOf('bun'), MEMLANE_DENO: binaryOf('deno') }
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [vitest, 'run', '--project', '@memlane/compat', 'runtimes']
  const { stdout, status } = spawnSync(process.execPath, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  console.log(stdout)
  const [, passed, failed] = stdout.match(/^(\d+) passed, (\d+) failed$/m) ?? [0, 0, 0]
  return [Number(passed), Math.max(Number(failed), status === 0 ? 0 : 1)]
}

const all = summary.flatMap(({ reports }) => reports)
const isWanted = names.length === 0 || names.some((name) => 'compat/test/runtimes.process.test.ts'.includes(name))
const between = isWanted ? runBetween() : [0, 0]
const [passed, failed] = ['passed', 'failed'].map((outcome, index) => count(all, outcome) + between[index])
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
