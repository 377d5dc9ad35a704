// The steps of one cell: an empty folder, the installation, the two programs.

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readFacts } from '../../packages/core/scripts/binary-facts.mjs'
import { cells } from './cells.mjs'
import { installers } from './installers.mjs'
import { programs } from './programs.mjs'
import { runtimes } from './runtimes.mjs'

const WATCHDOG_MS = 600_000
const EXPECTED = '1000 messages, sum 500500, closed; bid 11'
const WARNING = /\bwarn|deprecated/i

const execute = promisify(execFile)

/** Installs memlane into a new project in that folder, and notes in `result` how long it took, its size, and what was said. */
export async function installCell(name, folder, registry, result) {
  const cell = cells[name]
  const installer = installers[cell.installer ?? 'npm']
  const runtime = runtimes[cell.runtime ?? 'node']
  const [project, home, path] = ['project', 'home', 'bin'].map((each) => join(folder, each))
  for (const each of [project, home, path]) mkdirSync(each, { recursive: true })
  const started = runtime.prepare()
  const command = started.installCommand ?? started.command
  const installing = installer.prepare({ command, registry, home })

  for (const [program, file] of Object.entries({ ...started.programs, ...installing.programs })) {
    symlinkSync(file, join(path, program))
  }
  const settings = `registry=${registry}\nignore-scripts=true\nupdate-notifier=false\n`
  writeFileSync(join(home, '.npmrc'), settings)
  const manifest = { name: 'project', version: '1.0.0', license: 'MIT', private: true }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  for (const [file, text] of Object.entries(installing.files ?? {})) writeFileSync(join(project, file), text)

  const userConfig = { npm_config_userconfig: join(home, '.npmrc'), npm_config_cache: join(home, '.npm') }
  const env = { PATH: path, HOME: home, ...userConfig, ...started.env, ...installing.env }
  const installed = { env, project, start: installing.start ?? started.command }
  const stores = [project, ...(installing.stores ?? [])]
  const before = sizeOf(...stores)
  Object.assign(result, {
    installer: installer.label,
    runtime: runtime.label,
    program: cell.program,
    reality: cell.binary ? 'only built' : runtime.reality,
  })
  const begin = performance.now()
  const { stdout, stderr } = await start(installing.add, project, env)
  result.installSeconds = secondsSince(begin)
  result.bytes = sizeOf(...stores) - before
  result.warnings = `${stdout}\n${stderr}`.split('\n').filter((line) => WARNING.test(line))
  if (result.warnings.length > 0) throw new Error(`The installer warns:\n${stdout}\n${stderr}`)
  return installed
}

/** Runs the two programs in a cell, and notes the time. */
export async function runCell(name, result) {
  Object.assign(result.installed, programs[cells[name].program](result.installed.project))
  const begin = performance.now()
  await exchange(result.installed, result.installed)
  result.runSeconds = secondsSince(begin)
}

/** Runs the sender in each of two cells, and the receiver in the other one. */
export async function runPeers(result, peer) {
  await exchange(result.installed, peer.installed)
  await exchange(peer.installed, result.installed)
  result.peer = peer.cell
}

async function exchange(sending, receiving) {
  const name = `install-${randomUUID()}`
  const stop = new AbortController()
  const run = ({ start: command, folder, env }, file) => start([...command, file, name], folder, env, stop.signal)
  const both = [run(sending, sending.sender), run(receiving, receiving.receiver)]
  try {
    const [sent, received] = await Promise.all(both)
    expectOutput(sent, 'sent')
    expectOutput(received, EXPECTED)
  } catch (error) {
    stop.abort() // the other one would wait
    await Promise.allSettled(both)
    throw error
  }
}

function expectOutput({ stdout, stderr }, expected) {
  if (stdout.trim() !== expected || stderr !== '') throw new Error(`Expected "${expected}", got: ${stdout}${stderr}`)
}

/** Checks that the installed package has a binary for a system that this machine cannot run. */
export function checkBinary(name, result) {
  const { binary } = cells[name]
  const file = join(result.installed.project, 'node_modules', '@memlane', 'core', 'prebuilds', binary, 'memlane.node')
  const { architecture } = readFacts(readFileSync(file))
  if (architecture !== binary.split(/[-.]/)[1]) throw new Error(`${binary} has a binary for ${architecture}`)
}

function start([program, ...args], cwd, env, signal) {
  return execute(program, args, { cwd, env, signal, encoding: 'utf8', timeout: WATCHDOG_MS, killSignal: 'SIGKILL' })
}

const secondsSince = (begin) => Math.round((performance.now() - begin) / 100) / 10

/** Returns the bytes of all files below these folders. A file with several links counts once. */
function sizeOf(...folders) {
  const files = new Map()
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      const status = lstatSync(join(folder, name))
      if (status.isFile()) files.set(status.ino, status.size)
    }
  }
  return [...files.values()].reduce((sum, size) => sum + size, 0)
}

function namesIn(folder) {
  try {
    return readdirSync(folder, { recursive: true })
  } catch {
    return [] // there is none yet
  }
}
