// The runtimes in which the programs run. Each one tells which addon it loads, how real it is, which programs must be on the PATH,
// and how it starts a script.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { binaryOf, versionOf as runtimeVersion } from '../../scripts/runtimes/binaries.mjs'
import { tool, versionOf } from './tools.mjs'

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url))

/** Runs a script of this workspace that prepares a runtime, and returns what it prints. */
const run = (file, args = [], env = {}) =>
  execFileSync(file, args, { encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })

const node = (version) => ({
  label: `Node.js ${versionOf(`node-${version}`)}`,
  target: 'linux-x64',
  reality: 'real',
  prepare: () => ({ programs: { node: tool(`node-${version}`, 'bin/node') }, command: ['node'] }),
})

const windows = (version) => ({
  label: `Windows' Node.js ${version}`,
  target: 'win32-x64',
  reality: 'emulated by Wine',
  prepare() {
    const env = { MEMLANE_WINDOWS_NODE: version }
    run(join(scripts, 'windows', 'setup.sh'), [], env)
    const exe = run('bash', ['-c', `. '${join(scripts, 'windows', 'environment.sh')}'; echo "$node_exe"`], env).trim()
    const programs = { dirname: '/usr/bin/dirname', flock: '/usr/bin/flock', node: process.execPath }
    // Wine lets node.exe connect to no server, so that npm runs on Linux.
    return { programs, command: [join(scripts, 'windows', 'run.sh'), exe], installCommand: ['node'] }
  },
})

export const runtimes = {
  node: {
    label: `Node.js ${process.versions.node}`,
    target: 'linux-x64',
    reality: 'real',
    prepare: () => ({ programs: { node: process.execPath }, command: ['node'] }),
  },
  'node-20': node(20),
  'node-22': node(22),
  'node-24': node(24),
  'node-26': node(26),
  caged: {
    label: `Node.js ${process.versions.node}, heap as in Electron`,
    target: 'linux-x64',
    reality: 'forced by MEMLANE_HEAP=caged',
    prepare: () => ({ programs: { node: process.execPath }, command: ['node'], env: { MEMLANE_HEAP: 'caged' } }),
  },
  bun: {
    label: `Bun ${runtimeVersion('bun')}`,
    target: 'linux-x64',
    reality: 'real',
    prepare: () => ({ programs: { bun: binaryOf('bun') }, command: ['bun'] }),
  },
  deno: {
    label: `Deno ${runtimeVersion('deno')}`,
    target: 'linux-x64',
    reality: 'real',
    prepare: () => ({ programs: { deno: binaryOf('deno') }, command: ['deno', 'run', '-A'] }),
  },
  musl: {
    label: `Bun ${runtimeVersion('bun')} for musl`,
    target: 'linux-x64.musl',
    reality: "real, with musl's own loader",
    prepare() {
      run(join(scripts, 'musl', 'setup.sh'))
      return { programs: { dirname: '/usr/bin/dirname' }, command: [join(scripts, 'musl', 'bun.sh')] }
    },
  },
  arm64: {
    label: "arm64's Node.js 20",
    target: 'linux-arm64',
    reality: 'emulated by qemu',
    prepare() {
      run(join(scripts, 'arm64', 'setup.sh'))
      const programs = { dirname: '/usr/bin/dirname', 'qemu-aarch64': '/usr/bin/qemu-aarch64' }
      return { programs, command: [join(scripts, 'arm64', 'node.sh')] }
    },
  },
  'windows-20': windows('20.20.2'),
  'windows-22': windows('22.23.3'),
}
