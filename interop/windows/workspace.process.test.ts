import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { file, program } from '../src/programs.js'

// Stand-ins replace npm, whose downloads fail under Wine, the tools, and node-gyp, which needs Visual Studio. The addon is the
// prebuilt one.
describe('the commands of a clone on Windows', () => {
  let clone: string

  const put = (name: string, content: string) => {
    mkdirSync(path.dirname(path.join(clone, name)), { recursive: true })
    writeFileSync(path.join(clone, name), content)
  }
  const putTool = (name: string, script: string, source: string) => {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, bin: { [name]: script } }))
    put(`node_modules/${name}/${script}`, source)
  }
  const run = (script: string, ...args: string[]) =>
    program(file('../scripts/windows/node.sh'), path.join(clone, script))(args, {
      env: { npm_execpath: `Z:${clone}/npm-cli.js` },
      timeoutMs: 110_000,
    }).exit
  const calls = () => readFileSync(path.join(clone, 'calls.txt'), 'utf8').trim().split(/\s*\n/)

  beforeEach(() => {
    clone = mkdtempSync(path.join(tmpdir(), 'memlane clone '))
    const core = ['scripts', 'native', 'package.json'].map((name) => `packages/core/${name}`)
    const scripts = ['workspace', 'arguments', 'npm', 'fetch-packages'].map((name) => `scripts/${name}.mjs`)
    for (const name of [...scripts, 'package.json', 'pnpm-lock.yaml', ...core]) {
      cpSync(file(`../${name}`), path.join(clone, name), { recursive: true })
    }
    const record =
      "require('fs').appendFileSync('calls.txt', [process.argv[1].split(/[\\\\/]/).pop(), ...process.argv.slice(2)].join(' ') + '\\n')"
    put('npm-cli.js', record.replace("require('fs')", "(await import('node:fs'))"))
    putTool('turbo', 'bin/turbo', record)
    putTool('vitest', 'vitest.mjs', record.replace("require('fs')", "(await import('node:fs'))"))
  })
  afterEach(() => rmSync(clone, { recursive: true, force: true }))

  test('install, build and test with nothing but Node', async () => {
    cpSync(file('../packages/core/prebuilds/win32-x64'), path.join(clone, 'packages/core/prebuilds/win32-x64'), {
      recursive: true,
    })
    const { packageManager } = JSON.parse(readFileSync(path.join(clone, 'package.json'), 'utf8'))
    const { code, stderr } = await run('scripts/workspace.mjs', 'test', 'name')
    expect([code, stderr]).toEqual([0, expect.stringContaining('Installing and building')])
    expect(calls()).toEqual([
      `npm-cli.js exec --yes -- ${packageManager} install --frozen-lockfile`,
      'turbo run build --output-logs=errors-only',
      'vitest.mjs run --project=!@memlane/stress name',
    ])
  })

  test('name the compiler that is missing', async () => {
    put('packages/core/node_modules/node-gyp/package.json', '{}')
    put('packages/core/node_modules/node-gyp/bin/node-gyp.js', "console.error('gyp ERR! find VS'); process.exit(1)")
    const { code, stderr } = await run('packages/core/scripts/build-native.mjs')
    expect(code).toBe(1)
    expect(stderr).toContain('gyp ERR! find VS')
    expect(stderr).toContain('Visual Studio Build Tools')
  })
})
