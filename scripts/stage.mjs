// Copies the project to a folder in a form that other runtimes can run: Windows' node.exe under Wine, Bun, Deno. The copy has no
// TypeScript, because the loaders of TypeScript belong to Node.js and need binaries. And it has no links: Wine shows links as
// folders, so a linked package would be loaded twice.
//
//   FOLDER/node_modules          the packages, packed as for publishing and then installed: real copies
//   FOLDER/apps/NAME             the programs, copied from FOLDER/node_modules
//   FOLDER/packages/NAME ...     sources, tests and fixtures, each file translated by itself (*.child.ts to *.child.mjs)
//   FOLDER/stress                the same, and the built programs that it starts
//   FOLDER/examples              the example programs and their tests, translated
//   FOLDER/node_modules/vitest   vitest-on-node-test.mjs, with vitest's own matchers
//
//   node stage.mjs FOLDER [--platform win32-x64] [--runner MODULE]
//
// --platform: installs dependencies for that system instead of this one. --runner: a module that takes the place of node:test.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = resolve(fileURLToPath(import.meta.url), '../..')
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    platform: { type: 'string', default: `${process.platform}-${process.arch}` },
    runner: { type: 'string' },
  },
})
const stage = resolve(positionals[0])
const tarballs = join(stage, 'tarballs')
const modules = join(stage, 'node_modules')
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const manifest = manifestOf(root)
const list = (folder) => (existsSync(folder) ? readdirSync(folder) : [])

const tsup = realpathSync(join(root, 'node_modules', 'tsup'))
const esbuild = createRequire(join(tsup, 'package.json'))('esbuild')

function run(cwd, command, ...args) {
  try {
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    console.error(`${[command, ...args].join(' ')} failed:\n${error.stdout}${error.stderr}`)
    process.exit(1)
  }
}

function installPackages() {
  rmSync(tarballs, { recursive: true, force: true })
  const filters = ['--filter', './packages/*', '--filter', './apps/*']
  run(root, 'npx', '--yes', manifest.packageManager, '-r', ...filters, 'pack', '--pack-destination', tarballs)

  /** Packages of the npm registry that only tests need, and optional peers. */
  const dependencies = { 'fast-check': manifest.devDependencies['fast-check'] }
  for (const folder of ['protocol', 'metrics', 'nats']) {
    const used = Object.entries(manifestOf(join(root, 'packages', folder)).devDependencies)
    Object.assign(dependencies, Object.fromEntries(used.filter(([name]) => !name.startsWith('@memlane/'))))
  }
  const hash = createHash('sha256').update(JSON.stringify(dependencies))
  for (const tarball of list(tarballs).sort()) {
    const name = tarball.replace(/-\d.*$/, '').replace(/^memlane-/, '@memlane/')
    dependencies[name] = `file:tarballs/${tarball}`
    hash.update(tarball).update(readFileSync(join(tarballs, tarball)))
  }
  const wanted = hash.digest('hex')
  const stamp = join(stage, 'installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return

  rmSync(modules, { recursive: true, force: true })
  writeFileSync(join(stage, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  const [os, cpu] = values.platform.split('-')
  const options = [`--os=${os}`, `--cpu=${cpu}`, '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
  run(stage, 'npm', 'install', '--prefer-offline', ...options)
  writeFileSync(stamp, wanted)
}

async function translate(from, to) {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = join(entry.parentPath ?? entry.path, entry.name)
    const target = to + source.slice(from.length)
    mkdirSync(dirname(target), { recursive: true })
    if (!target.endsWith('.ts')) {
      cpSync(source, target)
      continue
    }
    const { code } = await esbuild.transform(readFileSync(source, 'utf8'), {
      loader: 'ts',
      target: 'node20',
      sourcefile: source,
      sourcemap: 'inline',
    })
    writeFileSync(target.replace(/\.child\.ts$/, '.child.mjs').replace(/\.ts$/, '.js'), code)
  }
}

async function stageFolder(folder, parts = ['src', 'test', 'fixtures']) {
  const target = join(stage, folder)
  const { name, private: isPrivate } = manifestOf(join(root, folder))
  rmSync(target, { recursive: true, force: true })
  if (isPrivate) {
    mkdirSync(target, { recursive: true })
    const text = readFileSync(join(root, folder, 'package.json'), 'utf8')
    writeFileSync(join(target, 'package.json'), text.replaceAll(/(\.\/src\/[^"]*)\.ts"/g, '$1.js"'))
  } else {
    cpSync(join(modules, name), target, { recursive: true }) // dist and prebuilds, as published
  }
  for (const part of parts) {
    if (existsSync(join(root, folder, part))) await translate(join(root, folder, part), join(target, part))
  }
  if (isPrivate) cpSync(target, join(modules, name), { recursive: true })
}

async function stageVitest() {
  const folder = join(modules, 'vitest')
  const vitest = realpathSync(join(root, 'node_modules', 'vitest'))
  const expect = realpathSync(join(vitest, '../@vitest/expect')) // chai lies beside it
  await esbuild.build({
    entryPoints: [join(root, 'scripts', 'vitest-on-node-test.mjs')],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: values.runner ? { 'node:test': resolve(values.runner) } : {},
    nodePaths: [join(vitest, '..'), resolve(expect, '../..')],
  })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'vitest', exports: './index.mjs' }))
}

mkdirSync(stage, { recursive: true })
installPackages()
await stageVitest()
const folders = ['packages', 'apps'].flatMap((parent) => list(join(root, parent)).map((name) => `${parent}/${name}`))
for (const folder of ['testing', ...folders, 'stress']) {
  if (existsSync(join(root, folder, 'package.json'))) await stageFolder(folder)
}
const examples = list(join(root, 'examples')).filter((name) => !/^node_modules$|\./.test(name))
await stageFolder('examples', examples)
cpSync(join(root, 'stress', 'dist'), join(stage, 'stress', 'dist'), { recursive: true })
