// Builds the addon of the macOS folder for Linux: node scripts/macos/build-addon.mjs
//
// The sources are those of the addon for macOS. stand-in/ has the few functions of Darwin that Linux lacks: kqueue,
// confstr, renameatx_np, F_PREALLOCATE, F_GETLK. Compiles what is out of date (scripts/cc.mjs), and prints the path of the addon.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gypFlags, nodeHeaders } from '../../packages/core/scripts/cross-compiler.mjs'

const scripts = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(scripts))
const core = join(root, 'packages', 'core')
const native = join(core, 'native')
const standIn = join(scripts, 'stand-in')
const out = join(root, '.macos')
const addon = join(out, 'memlane.node')

const folders = [native, join(native, 'node_api'), join(native, 'posix'), join(native, 'macos'), standIn]
const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
const sources = files.filter((file) => file.endsWith('.cc'))
const headers = [...files.filter((file) => file.endsWith('.h')), join(standIn, 'sys', 'event.h')]

const flags = [
  ...['-std=c++17', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'],
  ...gypFlags('mac'),
  ...['-D_FILE_OFFSET_BITS=64', '-include', join(standIn, 'darwin.h'), '-I', standIn],
  ...['-isystem', join(core, 'node_modules', 'node-addon-api'), '-isystem', nodeHeaders()],
]

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
const objectOf = (source) => join(out, 'objects', `${basename(dirname(source))}-${basename(source)}.o`)
const isOutOfDate = (target, ...from) =>
  [fileURLToPath(import.meta.url), ...from].some((file) => modified(file) > modified(target))

async function run(args) {
  const compiling = spawn(process.execPath, [join(dirname(scripts), 'cc.mjs'), ...args], { stdio: 'inherit' })
  const [status] = await once(compiling, 'close')
  if (status === 0) return
  console.error(`The compiler failed: ${args.join(' ')}`)
  process.exit(1)
}

for (const target of [objectOf('x/x'), addon]) mkdirSync(dirname(target), { recursive: true })
const pending = sources.filter((source) => isOutOfDate(objectOf(source), source, ...headers))
const compile = async () => {
  for (let source = pending.pop(); source; source = pending.pop())
    await run([...flags, '-c', '-o', objectOf(source), source])
}
await Promise.all(Array.from({ length: availableParallelism() }, compile))
const objects = sources.map(objectOf)
if (isOutOfDate(addon, ...objects)) await run(['-shared', ...objects, '-lstdc++', '-o', addon])
console.log(addon)
