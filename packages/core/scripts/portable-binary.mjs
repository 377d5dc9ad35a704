// Makes binaries that run on every machine of their target: compiles them with the cross compiler, and checks them.

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isUpToDate, pathOf, recordBuild } from './binaries.mjs'
import { readFacts } from './binary-facts.mjs'
import { COMPILER, compile } from './cross-compiler.mjs'

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

/** Makes the binary of a target, if it is not there already. */
export function makePortableBinary(target) {
  if (isUpToDate(target, COMPILER)) return
  mkdirSync(dirname(pathOf(target)), { recursive: true })
  const folder = mkdtempSync(`${pathOf(target)}-`)
  const unchecked = join(folder, 'memlane.node') // the signature on macOS contains the file's name
  try {
    compile(target, unchecked)
    factsOf(target, readFileSync(unchecked))
    renameSync(unchecked, pathOf(target))
  } finally {
    rmSync(folder, { recursive: true })
  }
  recordBuild(target, COMPILER)
}

/** Reads the facts of a binary. Throws an Error if it would not load on every machine of its target. */
export function factsOf(target, bytes) {
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
