// Builds the addon for all systems, into prebuilds/<platform>-<arch>[.musl]/memlane.node, and checks each binary:
//
//   node scripts/prebuild.mjs [--twice] [TARGET...]
//
// Prints a table of the binaries. --twice builds each one again, with an empty cache, and compares the bytes. A binary that was made
// from these sources is not built again. Linux x64 only: see cross-compiler.mjs.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArguments } from '../../../scripts/arguments.mjs'
import { pathOf } from './binaries.mjs'
import { compile, targets } from './cross-compiler.mjs'
import { factsOf, makePortableBinary } from './portable-binary.mjs'

const usage = `Usage: npm run prebuild -- [--twice] [TARGET...]

Builds the addon for each target, checks the binary, and prints a table. Default: all targets.

  --twice   builds each binary again, with an empty cache, and fails if the bytes differ

Targets: ${Object.keys(targets).join(', ')}`
const { values, positionals } = readArguments(usage, {
  allowPositionals: true,
  options: { twice: { type: 'boolean' } },
})
const unknown = positionals.find((target) => !Object.hasOwn(targets, target))
if (unknown !== undefined) {
  console.error(`There is no target ${unknown}. The targets: ${Object.keys(targets).join(', ')}`)
  process.exit(2)
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

console.log('| target | bytes | needs | libraries | sha256 |')
console.log('|---|---|---|---|---|')
for (const target of positionals.length > 0 ? positionals : Object.keys(targets)) {
  makePortableBinary(target)
  const bytes = readFileSync(pathOf(target))
  const facts = factsOf(target, bytes)
  if (values.twice) {
    const folder = mkdtempSync(join(tmpdir(), 'memlane-prebuild-'))
    compile(target, join(folder, 'memlane.node'), join(folder, 'cache'))
    const again = readFileSync(join(folder, 'memlane.node'))
    rmSync(folder, { recursive: true })
    if (!again.equals(bytes)) throw new Error(`Two builds for ${target} differ: ${sha256(bytes)}, ${sha256(again)}`)
  }
  const needs = facts.system ?? (facts.libc ? `glibc ${facts.libc}` : facts.format === 'pe' ? 'Windows 10' : 'musl')
  console.log(
    `| ${target} | ${bytes.length} | ${needs} | ${facts.libraries.join(', ')} | ${sha256(bytes).slice(0, 16)} |`,
  )
}
