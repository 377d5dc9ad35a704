// Compiles C and C++ for this system: node scripts/cc.mjs [arguments of a C compiler…]
//
// Uses the C compiler of the system: $CC, gcc, cc or clang. On Linux x64 without one, uses zig (packages/core/scripts).

import { spawnSync } from 'node:child_process'
import { zig } from '../packages/core/scripts/cross-compiler.mjs'

const own = [process.env.CC, 'gcc', 'cc', 'clang'].find(
  (name) => name && spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
)
const args = process.argv.slice(2)
const { command, env } = own === undefined ? zig() : { command: own, env: {} }
const { status, error } = spawnSync(command, own === undefined ? ['cc', ...args] : args, {
  stdio: 'inherit',
  env: { ...process.env, ...env },
})
if (error) console.error(error.message)
process.exitCode = status ?? 1
