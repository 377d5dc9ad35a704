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
import { parseArgs } from 'node:util'
import { isUpToDate, pathOf, recordBuild } from './binaries.mjs'
import { readFacts } from './binary-facts.mjs'
import { COMPILER, compile, targets } from './cross-compiler.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { twice: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
})
if (values.help) {
  console.log(`Usage: npm run prebuild -- [--twice] [TARGET...]

Builds the addon for each target, checks the binary, and prints a table. Default: all targets.

  --twice   builds each binary again, with an empty cache, and fails if the bytes differ

Targets: ${Object.keys(targets).join(', ')}`)
  process.exit()
}
const unknown = positionals.find((target) => !Object.hasOwn(targets, target))
if (unknown !== undefined) {
  console.error(`There is no target ${unknown}. The targets: ${Object.keys(targets).join(', ')}`)
  process.exit(2)
}

const MOST_BYTES = 800_000
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1']

/** zig's linker cannot hide these on macOS: operator new and delete, which are the same in all libraries of a process there. */
const MACOS_EXPORTS = /^(_Z(na|nw|da|dl)\w+|__dso_handle|_mh_dylib_header)$/

/** The libraries that every system of that kind has, and the oldest system that has all that the binary needs. */
const expectations = {
  'linux gnu': { libraries: /^(libc\.so\.6|lib(pthread|dl|m|rt)\.so\.\d|ld-linux-.*)$/, libc: '2.28' },
  'linux musl': { libraries: /^libc\.so$/, libc: '' },
  win32: { libraries: /^(KERNEL32|ADVAPI32|ntdll|api-ms-win-crt-[\w-]+)\.dll$/i },
  darwin: { libraries: /^\/usr\/lib\/libSystem\.B\.dylib$/, system: 'macos 11.0.0' },
}

/** Throws if a binary would not load on every machine of its target. */
function check(target, bytes) {
  const facts = readFacts(bytes)
  const [platform, architecture, musl] = target.split(/[-.]/)
  const expected = expectations[platform === 'linux' ? `linux ${musl ?? 'gnu'}` : platform]
  const problems = []
  const refuse = (isWrong, problem) => isWrong && problems.push(problem)
  refuse(facts.architecture !== architecture, `it is for ${facts.architecture}`)
  refuse(bytes.length > MOST_BYTES, `it has ${bytes.length} bytes, more than ${MOST_BYTES}`)
  const foreign = facts.libraries.filter((library) => !expected.libraries.test(library))
  refuse(foreign.length > 0, `it needs ${foreign.join(', ')}`)
  const exports = facts.exports.filter((name) => platform !== 'darwin' || !MACOS_EXPORTS.test(name)).sort()
  refuse(exports.join() !== EXPORTS.join(), `it exports ${exports.join(', ')}`)
  refuse(
    expected.libc !== undefined && facts.libc.localeCompare(expected.libc, 'en', { numeric: true }) > 0,
    `it needs glibc ${facts.libc}, newer than ${expected.libc}`,
  )
  refuse(facts.system !== expected.system, `it is for ${facts.system}`)
  refuse(facts.signed === false && architecture === 'arm64', 'it has no signature')
  if (problems.length > 0) throw new Error(`The addon for ${target} is not right: ${problems.join('; ')}`)
  return facts
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

console.log('| target | bytes | needs | libraries | sha256 |')
console.log('|---|---|---|---|---|')
for (const target of positionals.length > 0 ? positionals : Object.keys(targets)) {
  const file = pathOf(target)
  if (!isUpToDate(target, COMPILER)) {
    compile(target, file)
    check(target, readFileSync(file))
    recordBuild(target, COMPILER)
  }
  const bytes = readFileSync(file)
  const facts = check(target, bytes)
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
