// The two programs in each form in which users write them. A function writes them into a project where memlane is installed, and
// returns the folder and the files to run.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tool } from './tools.mjs'

const sources = fileURLToPath(new URL('programs', import.meta.url))
const NAMES = ['sender', 'receiver']

const sourceOf = (name) => readFileSync(join(sources, `${name}.js`), 'utf8')

/** Returns the source of a program that uses `require`. */
const withRequire = (source) => source.replace(/^import (\{.*\}) from ('.*')$/gm, 'const $1 = require($2)')

function write(folder, extension, change = (source) => source) {
  for (const name of NAMES) writeFileSync(join(folder, `${name}.${extension}`), change(sourceOf(name)))
  return filesIn(folder, extension)
}

const filesIn = (folder, extension) => ({
  folder,
  sender: `sender.${extension}`,
  receiver: `receiver.${extension}`,
})

function typescript(project, compilerOptions) {
  write(project, 'ts')
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, type: 'module' }))
  const types = dirname(tool('@types/node', 'package.json'))
  const options = {
    target: 'ES2022',
    lib: ['ES2022', 'ESNext.Disposable'],
    strict: true,
    outDir: 'dist',
    rootDir: '.',
    typeRoots: [dirname(types)],
    types: ['node'],
    ...compilerOptions,
  }
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['sender.ts', 'receiver.ts'] }),
  )
  execFileSync(process.execPath, [tool('typescript', 'bin/tsc'), '--project', project], { encoding: 'utf8' })
  return filesIn(join(project, 'dist'), 'js')
}

/** Bundles the programs as docs/cookbook.md says, and puts them where no package is installed. */
function bundle(project, format, extension) {
  write(project, 'js')
  const esbuild = tool('esbuild', 'bin/esbuild')
  const options = ['--bundle', '--platform=node', '--target=node20', `--format=${format}`]
  const output = [`--outdir=dist`, `--out-extension:.js=.${extension}`]
  execFileSync(esbuild, [...NAMES.map((name) => `${name}.js`), ...options, ...output], { cwd: project, stdio: 'pipe' })
  const shipped = join(project, '..', 'shipped')
  cpSync(join(project, 'dist'), shipped, { recursive: true })
  const prebuilds = join('node_modules', '@memlane', 'core', 'prebuilds')
  mkdirSync(join(shipped, 'prebuilds'))
  cpSync(join(project, prebuilds), join(shipped, 'prebuilds'), { recursive: true })
  return filesIn(shipped, extension)
}

export const programs = {
  import: (project) => write(project, 'mjs'),
  require: (project) => write(project, 'cjs', withRequire),
  'TypeScript, nodenext': (project) => typescript(project, { module: 'nodenext' }),
  'TypeScript, bundler': (project) => typescript(project, { module: 'esnext', moduleResolution: 'bundler' }),
  'esbuild bundle, ESM': (project) => bundle(project, 'esm', 'mjs'),
  'esbuild bundle, CommonJS': (project) => bundle(project, 'cjs', 'cjs'),
}
