// Reports which lines the tests reach, file by file: node scripts/coverage.mjs [arguments of vitest…]
//
// First, V8 measures packages/*/src under vitest. Lines do not count if only a child process runs them, or if another package
// imports them, because it imports the built form. Then, on Linux, gcov measures packages/core/native under core's tests:
// an addon is compiled for that in coverage/, and the loader loads it. Lines that run only in killed processes do not count.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const core = join(root, 'packages', 'core')
const out = join(root, 'coverage')
const addon = join(out, 'native')

/** Runs a command. Returns its output if `stdio` is `pipe`. If the command fails, prints an error and continues. */
function run(command, args, { env, ...options } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    maxBuffer: 2 ** 28,
    ...options,
    env: { ...process.env, ...env },
  })
  if (result.status !== 0) {
    console.error(`${command} failed: ${result.error?.message ?? result.stderr ?? `exit code ${result.status}`}`)
    process.exitCode = 1
  }
  return result.stdout
}

function buildAddon() {
  rmSync(addon, { recursive: true, force: true })
  mkdirSync(addon, { recursive: true })
  for (const part of ['native', 'package.json']) cpSync(join(core, part), join(addon, part), { recursive: true })
  symlinkSync(join(core, 'node_modules'), join(addon, 'node_modules'))
  const nodeGyp = createRequire(join(core, 'package.json')).resolve('node-gyp/bin/node-gyp.js')
  const nodedir = `--nodedir=${dirname(dirname(process.execPath))}`
  run(process.execPath, [nodeGyp, 'rebuild', '--debug', '--loglevel=warn', nodedir], {
    cwd: join(addon, 'native'),
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { CXXFLAGS: '--coverage -fprofile-update=atomic', LDFLAGS: '--coverage' },
  })
}

/** Returns, for each file, how often each executable line ran. */
function readCounts() {
  const counts = new Map()
  const build = join(addon, 'native', 'build')
  const data = readdirSync(build, { recursive: true }).filter((file) => file.endsWith('.gcda'))
  for (const file of data) {
    const report = run('gcov', ['--json-format', '--stdout', file], { cwd: build, encoding: 'utf8', stdio: 'pipe' })
    for (const { file: source, lines } of JSON.parse(report).files) {
      const name = join('native', normalize(source).replace(/^(\.\.\/)*/, ''))
      if (!existsSync(join(core, name)) || lines.length === 0) continue
      if (!counts.has(name)) counts.set(name, new Map())
      const ofFile = counts.get(name)
      for (const { line_number: line, count } of lines) ofFile.set(line, (ofFile.get(line) ?? 0) + count)
    }
  }
  return counts
}

function print(counts) {
  const row = (name, lines) => {
    const reached = lines.filter(([, count]) => count > 0).length
    const missed = lines.filter(([, count]) => count === 0).map(([line]) => line)
    const share = ((100 * reached) / lines.length).toFixed(2)
    console.log(
      `${name.padEnd(44)} | ${share.padStart(7)} | ${missed
        .sort((a, b) => a - b)
        .join(' ')
        .trim()}`,
    )
  }
  console.log(`${'File'.padEnd(44)} | % Lines | Missed`)
  row(
    'All files',
    [...counts.values()].flatMap((lines) => [...lines].map(([, count]) => ['', count])),
  )
  for (const [name, lines] of [...counts].sort()) row(join(relative(root, core), name), [...lines])
}

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = process.argv.slice(2)
const reports = ['--coverage', '--coverage.reporter=text', `--coverage.reportsDirectory=${join(out, 'src')}`]
run(process.execPath, [vitest, 'run', ...reports, ...args])
if (process.platform === 'linux') {
  buildAddon()
  // Threads, because vitest kills its test processes at the end, before they write their counts. One file at a time, because some
  // tests count the descriptors of their process.
  run(process.execPath, [vitest, 'run', '--pool', 'threads', '--no-file-parallelism', '--project', '@memlane/core'], {
    env: { MEMLANE_NATIVE_PATH: join(addon, 'native', 'build', 'Debug', 'memlane.node') },
  })
  print(readCounts())
}
