// The cells of the table: how memlane is installed, in which runtime, and how the programs are written.

import { runtimes } from './runtimes.mjs'

const npmCell = (runtime, program = 'import') => ({ installer: 'npm', runtime, program })

export const cells = {
  npm: npmCell('node'),
  pnpm: { installer: 'pnpm', runtime: 'node', program: 'import' },
  yarn: { installer: 'yarn', runtime: 'node', program: 'import' },
  'yarn-pnp': { installer: 'yarn-pnp', runtime: 'node', program: 'import' },
  'yarn-classic': { installer: 'yarn-classic', runtime: 'node', program: 'import' },
  require: npmCell('node', 'require'),
  nodenext: npmCell('node', 'TypeScript, nodenext'),
  bundler: npmCell('node', 'TypeScript, bundler'),
  'esbuild-esm': npmCell('node', 'esbuild bundle, ESM'),
  'esbuild-cjs': npmCell('node', 'esbuild bundle, CommonJS'),
  'node-20': npmCell('node-20'),
  'node-22': npmCell('node-22'),
  'node-24': npmCell('node-24'),
  'node-26': npmCell('node-26'),
  bun: { installer: 'bun', runtime: 'bun', program: 'import' },
  deno: { installer: 'deno', runtime: 'deno', program: 'import' },
  caged: npmCell('caged'),
  musl: { installer: 'bun', runtime: 'musl', program: 'import' },
  arm64: npmCell('arm64'),
  'windows-20': npmCell('windows-20'),
  'windows-22': npmCell('windows-22'),
  'musl-arm64': { binary: 'linux-arm64.musl' },
  'windows-arm64': { binary: 'win32-arm64' },
  'macos-x64': { binary: 'darwin-x64' },
  'macos-arm64': { binary: 'darwin-arm64' },
}

/** Returns the addon that a cell needs. */
export const targetOf = (name) => cells[name].binary ?? runtimes[cells[name].runtime].target
