// Installs memlane as a user would, in every surrounding that it supports, and runs it there:
//
//   npm run test:install [-- --cells A,B] [--json FILE]
//
// Each cell is an empty folder where a package manager adds memlane from a registry on this machine, without install scripts, and
// with nothing but the runtime on the PATH: no compiler, no Python. Two processes then share a region and a stream, and each cell
// exchanges a stream with the cell before it. Runs on Linux x64. A run of all cells writes the table in docs/platforms.md, except
// in CI. The last line is "N passed, N failed".

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArguments } from '../../scripts/arguments.mjs'
import { checkBinary, installCell, runCell, runPeers } from './cell.mjs'
import { cells, targetOf } from './cells.mjs'
import { publish, startRegistry } from './registry.mjs'
import { tableOf, writeTable } from './table.mjs'

const usage = `Usage: npm run test:install -- [--cells A,B] [--json FILE]

Adds memlane to an empty project in each cell, from a registry on this machine, and runs it there.

  --cells A,B   only these cells (default: all)
  --json FILE   writes the results to a file

Cells: ${Object.keys(cells).join(', ')}`
const { values } = readArguments(usage, { options: { cells: { type: 'string' }, json: { type: 'string' } } })
const chosen = values.cells?.split(',') ?? Object.keys(cells)
const unknown = chosen.find((name) => !Object.hasOwn(cells, name))
if (unknown !== undefined) {
  console.error(`There is no cell ${unknown}. The cells: ${Object.keys(cells).join(', ')}`)
  process.exit(2)
}
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('This command runs on Linux x64.')
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'memlane-install-'))
mkdirSync(join(folder, 'registry'))
const registry = await startRegistry(join(folder, 'registry'))
let results = []
try {
  console.error('Publishing the packages to a registry on this machine.')
  const thisSystemOnly = chosen.every((name) => targetOf(name) === 'linux-x64')
  publish(registry.url, folder, thisSystemOnly)
  results = await runAll()
} finally {
  registry.close()
  rmSync(folder, { recursive: true, force: true })
}

console.log(tableOf(results))
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
if (!values.cells && !process.env.CI) writeTable(results)
const failed = results.filter(({ problem }) => problem !== undefined).length
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function runAll() {
  const all = []
  for (const name of chosen) {
    console.error(`Installing and running: ${name}`)
    const result = { cell: name }
    all.push(result)
    await attempt(result, async () => {
      result.installed = await installCell(name, join(folder, name), registry.url, result)
      if (cells[name].binary) checkBinary(name, result)
      else await runCell(name, result)
    })
  }
  for (const result of all) {
    await attempt(result, () => meetPeer(result, all))
    if (result.problem) console.error(`${result.cell} failed: ${result.problem}`)
  }
  return all.map(({ installed, ...result }) => result)
}

/** Exchanges a stream with the nearest earlier cell of the same system, or the last one. */
async function meetPeer(result, all) {
  if (result.problem || cells[result.cell].binary) return
  const system = (name) => targetOf(name).split('-')[0]
  const canMeet = ({ cell, problem }) => !problem && !cells[cell].binary && system(cell) === system(result.cell)
  const ring = all.filter(canMeet)
  const peer = ring.at(ring.indexOf(result) - 1)
  if (peer === result) return
  await runPeers(result, peer)
}

async function attempt(result, action) {
  try {
    await action()
  } catch (error) {
    const [reason] = error.message.split('\n')
    result.problem ??= error.stdout === undefined ? error.message : `${reason}\n${error.stdout}${error.stderr}`.trim()
  }
}
