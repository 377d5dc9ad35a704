// Compiles C and C++ for this system: node scripts/cc.mjs [arguments of a C compiler…]
//
// Uses the C compiler of the system: $CC, gcc, cc or clang. On Linux x64 without one, and with -target for another system, uses zig
// (packages/core/scripts).

import { spawnSync } from 'node:child_process'
import { zig } from '../packages/core/scripts/cross-compiler.mjs'

/** The system's own compiler: a command and its first arguments. */
function ownCompiler() {
  if (process.env.CC) return process.env.CC.split(' ')
  const found = ['gcc', 'cc', 'clang'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
  return found && [found]
}

function fetchedCompiler() {
  const { command, env } = zig()
  Object.assign(process.env, env)
  return [command, 'cc']
}

const args = process.argv.slice(2)
const [command, ...first] = (args.includes('-target') ? undefined : ownCompiler()) ?? fetchedCompiler()
const { status, error } = spawnSync(command, [...first, ...args], { stdio: 'inherit' })
if (error) console.error(error.message)
process.exitCode = status ?? 1
