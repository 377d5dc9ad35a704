// Runs the recipes of docs/cookbook.md for test runners, CommonJS and bundlers, in projects where the packages are installed
// as README says.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { capabilities } from '@memlane/core'
import { spawnChild, uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const WATCHDOG_MS = 60_000
const OPTIONS = { timeout: 2 * WATCHDOG_MS }
const root = fileURLToPath(new URL('../..', import.meta.url))
const cookbook = readFileSync(join(root, 'docs', 'cookbook.md'), 'utf8')

/** A program of the cookbook that has this name there. */
function program(name: string): string {
  const [, code] = cookbook.match(new RegExp(`<!-- file: ${name}[^>]*-->\\s*\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``)) ?? []
  if (code === undefined) throw new Error(`docs/cookbook.md has no program ${name}`)
  return code
}

/** The command of the cookbook that contains a text. */
function command(text: string): string {
  const commands = [...cookbook.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, line = '']) => line.trim())
  const found = commands.filter((line) => line.includes(text))
  if (found.length !== 1) throw new Error(`docs/cookbook.md has ${found.length} commands with ${text}`)
  return found[0] as string
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/recipes/${name}`, import.meta.url), 'utf8')

/** Runs a line of the shell in a project, and gives its output. The variables that this test's own vitest sets are left out. */
async function run(line: string, cwd: string): Promise<string> {
  const env = {
    PATH: [join(cwd, 'node_modules', '.bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    NODE_ENV: undefined,
    NODE_OPTIONS: undefined,
    NODE_PATH: undefined,
    VITEST: undefined,
  }
  const child = spawnChild('sh', ['-c', line], { cwd, env, group: true, timeoutMs: WATCHDOG_MS })
  const { code, signal, stdout, stderr } = await child.exit
  if (code !== 0) throw new Error(`${line} ended with ${code ?? signal}:\n${stdout}${stderr}`)
  return stdout + stderr
}

/** The folder of a package that a package of this workspace depends on. */
const dependency = (of: string, name: string) => realpathSync(join(root, of, 'node_modules', name))

const manifest = (of: string) => JSON.parse(readFileSync(join(root, of, 'package.json'), 'utf8'))

/** The name of the file that packing makes of a package of this workspace. */
function tarball(of: string): string {
  const { name, version } = manifest(of)
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}

/** The folder in packages/ of a package of this workspace, and those of the packages that it needs. */
function withDependencies(folder: string): string[] {
  const { dependencies = {} } = manifest(`packages/${folder}`)
  const names = Object.keys(dependencies).filter((name) => dependencies[name].startsWith('workspace:'))
  return [...new Set([folder, ...names.flatMap((name) => withDependencies(name.replace('@memlane/', '')))])]
}

/** The folders of the packages of the registry that a package of this workspace needs where it is installed. */
function registryPackages(of: string): string[] {
  const { dependencies = {} } = manifest(of)
  const names = Object.keys(dependencies).filter((name) => !dependencies[name].startsWith('workspace:'))
  return names.map((name) => dependency(of, name))
}

describe.runIf(capabilities.objectDirectory === '/dev/shm')('the cookbook', OPTIONS, () => {
  let folder = ''
  let project = ''

  /** Makes a project with some files, and installs packages and what they need, from this workspace instead of the registry. */
  async function makeProject(name: string, packages: string[], files: Record<string, string>): Promise<string> {
    const path = join(folder, name)
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), text)
    }
    const packed = packages.map((each) => join(folder, tarball(`packages/${each}`)))
    const others = packages.flatMap((each) => registryPackages(`packages/${each}`))
    const all = [...packed, ...new Set(others)].map((each) => `'${each}'`)
    await run(`npm install --offline --no-audit --no-fund --install-links ${all.join(' ')}`, path)
    return path
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memlane-recipes-'))
    await run(`npm run pack -- --this-system --out '${folder}'`, root)
    const files: Record<string, string> = {
      'package.json': JSON.stringify({ type: 'module', private: true }),
      'names.test.ts': program('names.test.ts'),
      'messages.test.js': program('messages.test.js'),
      'answer.cjs': program('answer.cjs'),
      'app.ts': fixture('app.ts'),
    }
    for (const runner of ['jest', 'vitest']) {
      files[`${runner}/region-and-stream.test.js`] = fixture('region-and-stream.js')
      files[`${runner}/runner.js`] = fixture(`${runner}-runner.js`)
    }
    project = await makeProject('project', withDependencies('memlane'), files)
    // The tools are this workspace's: to install them again would take long.
    mkdirSync(join(project, 'node_modules', '.bin'), { recursive: true })
    const tools = [
      ['compat', 'jest'],
      ['compat', 'esbuild'],
      ['.', 'vitest'],
    ] as const
    for (const [of, name] of tools) symlinkSync(dependency(of, name), join(project, 'node_modules', name))
    symlinkSync('../esbuild/bin/esbuild', join(project, 'node_modules', '.bin', 'esbuild'))
  }, OPTIONS.timeout)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describe('for tests', () => {
    it.each(['threads', 'forks', 'vmThreads', 'vmForks'])('works with the pool %s of vitest', async (pool) => {
      const tests = 'names.test.ts vitest/region-and-stream.test.js'
      const output = await run(`node node_modules/vitest/vitest.mjs run --pool ${pool} ${tests}`, project)
      expect(output).toMatch(/^ +Tests +9 passed \(9\)$/m)
    })

    it.each([
      ['installed by a test', false],
      ['installed before memlane is loaded', true],
    ])('works with jest, and with its fake timers %s', async (_, enableGlobally) => {
      const config = JSON.stringify({ fakeTimers: { enableGlobally } })
      const tests = 'messages.test.js jest/region-and-stream.test.js'
      const output = await run(`${command('jest.js')} --config '${config}' ${tests}`, project)
      expect(output).toMatch(/^Tests: +9 passed, 9 total$/m)
      expect(output).not.toContain('did not exit') // which jest prints if something keeps the process running
    })
  })

  describe('for CommonJS', () => {
    it('has a program that runs without a build step', async () => {
      expect(await run('node answer.cjs', project)).toBe('42\n')
    })
  })

  describe('for bundlers', () => {
    it('has commands for esbuild, and the bundle runs where no package is installed', async () => {
      await run(command('esbuild'), project)
      const shipped = join(folder, 'shipped')
      cpSync(join(project, 'out'), shipped, { recursive: true })
      expect(readdirSync(shipped).sort()).toEqual(['app.mjs', 'prebuilds'])
      const name = uniqueName('recipe')
      expect(await run(`node app.mjs ${name}`, shipped)).toBe('8 hello\n')
      expect(leftovers(name)).toEqual([])
    })
  })
})
