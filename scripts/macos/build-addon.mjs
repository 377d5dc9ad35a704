// Builds the addon of the macOS folder for Linux: node scripts/macos/build-addon.mjs
//
// The sources are those of the addon for macOS. stand-in/ has the few functions of Darwin that Linux lacks: kqueue,
// confstr, renameatx_np, F_PREALLOCATE. Compiles with g++ what is out of date, and prints the path of the addon.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const scripts = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(scripts))
const core = join(root, 'packages', 'core')
const native = join(core, 'native')
const standIn = join(scripts, 'stand-in')
const out = join(root, '.macos')
const addon = join(out, 'prebuilds', `${process.platform}-${process.arch}`, 'memlane.node')

const folders = [native, join(native, 'node_api'), join(native, 'posix'), join(native, 'macos'), standIn]
const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
const sources = files.filter((file) => file.endsWith('.cc'))
const headers = [...files.filter((file) => file.endsWith('.h')), join(standIn, 'sys', 'event.h')]

/** Node.js distributions contain their headers; otherwise node-gyp has fetched them to compile the addon. */
const nodeHeaders = [
  join(dirname(dirname(process.execPath)), 'include', 'node'),
  join(homedir(), '.cache', 'node-gyp', process.versions.node, 'include', 'node'),
].find((folder) => existsSync(join(folder, 'uv.h')))
if (nodeHeaders === undefined) {
  console.error('There is no uv.h of this Node.js; building the addon fetches it: npm test')
  process.exit(1)
}

const flags = [
  ...['-std=c++17', '-O2', '-g', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'],
  ...['-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION', '-DNODE_ADDON_API_DISABLE_DEPRECATED'],
  ...['-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
  ...['-D_FILE_OFFSET_BITS=64', '-include', join(standIn, 'darwin.h'), '-I', standIn],
  ...['-isystem', join(core, 'node_modules', 'node-addon-api'), '-isystem', nodeHeaders],
]

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
const objectOf = (source) => join(out, 'objects', `${basename(dirname(source))}-${basename(source)}.o`)
const isOutOfDate = (target, ...from) =>
  [fileURLToPath(import.meta.url), ...from].some((file) => modified(file) > modified(target))

async function run(args) {
  const [status] = await once(spawn('g++', args, { stdio: 'inherit' }), 'close')
  if (status === 0) return
  console.error(`g++ ${args.at(-1)} failed`)
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
if (isOutOfDate(addon, ...objects)) await run(['-shared', '-Wl,--wrap=close', ...objects, '-o', addon])
console.log(addon)
