// Compiles the addon for this system with node-gyp, into prebuilds/<platform>-<arch>/memlane.node, where the loader
// looks for it. Does nothing if the binary there was made from these sources by this version of Node.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const target = `${process.platform}-${process.arch}`
const binary = join(root, 'prebuilds', target, 'memlane.node')
const stamp = join(root, 'build', `${target}.stamp`)

const sources = [
  'binding.gyp',
  'package.json',
  ...readdirSync(join(root, 'native'), { recursive: true })
    .filter((name) => /\.(h|cc)$/.test(name))
    .map((name) => join('native', name))
    .sort(),
]
const hash = createHash('sha256').update(`${target} ${process.version}`)
for (const source of sources) hash.update(`\n${source}\n`).update(readFileSync(join(root, source)))
const wanted = hash.digest('hex')

if (existsSync(binary) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0)

// Every Node.js distribution carries its headers. If they are in their usual place, node-gyp downloads nothing.
const prefix = dirname(dirname(process.execPath))
const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : []
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
const result = spawnSync(process.execPath, [nodeGyp, 'rebuild', '--loglevel=warn', ...headers], {
  cwd: root,
  encoding: 'utf8',
})
if (result.status !== 0) {
  const compiler =
    process.platform === 'win32'
      ? 'the Visual Studio Build Tools with the workload "Desktop development with C++"'
      : 'make and g++ or clang++'
  process.stderr.write(`${result.stdout}${result.stderr}`)
  process.stderr.write(
    `\nThe native part of @memlane/core did not compile. It needs Python 3 and a C++17 compiler: ${compiler}.\n`,
  )
  process.exit(1)
}
mkdirSync(dirname(binary), { recursive: true })
renameSync(join(root, 'build', 'Release', 'memlane.node'), binary)
writeFileSync(stamp, wanted)
