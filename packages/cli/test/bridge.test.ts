import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { capabilities } from '@memlane/core'
import { spawnChild, uniqueName } from '@memlane/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runCommand, runJson } from './run-command.js'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** Nobody listens there. */
const server = { servers: ['nats://127.0.0.1:1'] }

function configFile(extra: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const routes = [{ kind: 'stream-out', name: uniqueName('bridge'), subject: 'x', jetstream: 'X' }]
  const file = join(folder, 'bridge.json')
  writeFileSync(file, JSON.stringify({ stateFolder: 'state', origin: 'test', server, routes, ...extra }, undefined, 2))
  return file
}

describe('bridge check', () => {
  it('says that a file is fine', async () => {
    const file = configFile()
    expect(await runCommand(['bridge', 'check', file])).toEqual({
      code: 0,
      stdout: `${file}: 1 route, no problem.\n`,
      stderr: '',
    })
    expect((await runJson(['bridge', 'check', file])).objects).toEqual([
      { file, valid: true, problems: [], findings: [] },
    ])
  })

  it('names line, column and key of each problem', async () => {
    const file = configFile({ sever: {}, origin: 'a b' })
    expect(await runCommand(['bridge', 'check', file])).toEqual({
      code: 1,
      stdout: [
        `${file}:3:13: origin must be 1 to 64 letters, digits, "-" and "_"`,
        `${file}:17:3: sever is no key here; did you mean "server"?`,
        '',
      ].join('\n'),
      stderr: '',
    })
    const { code, objects } = await runJson(['bridge', 'check', file])
    expect({ code, objects }).toMatchObject({
      code: 1,
      objects: [{ valid: false, problems: [{ line: 3 }, { line: 17 }] }],
    })
  })

  it.skipIf(capabilities.namespace === 'windows')('says with --connect that no server answers', async () => {
    expect(await runCommand(['bridge', 'check', configFile(), '--connect'])).toEqual({
      code: 1,
      stdout: 'error\tSERVER\tnats://127.0.0.1:1: connection refused\n',
      stderr: '',
    })
  })

  it('says that the file is not there, or not named', async () => {
    expect(await runCommand(['bridge', 'check', 'none.json'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/ENOENT/),
    })
    expect(await runCommand(['bridge', 'run'])).toMatchObject({
      code: 2,
      stderr: 'memlane: USAGE: bridge run needs a file, such as bridge.json.\n',
    })
  })
})

it('bridge schema prints the JSON Schema', async () => {
  const { objects } = await runJson(['bridge', 'schema'])
  expect(objects).toMatchObject([{ type: 'object', properties: { routes: { type: 'array' } } }])
})

describe.skipIf(capabilities.namespace === 'windows')('bridge run', () => {
  it('logs, refuses a second bridge, answers status, and ends cleanly at SIGTERM', async () => {
    const file = configFile({ http: { port: 0 } })
    const start = (...args: string[]) =>
      spawnChild(process.execPath, [program, 'bridge', 'run', file, ...args], { timeoutMs: 20_000 })
    using child = start('--json')
    while (!child.stderr.includes('serving')) await setTimeout(10) // the watchdog of the child ends this
    const lines = () =>
      child.stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines()[0]).toEqual({
      time: expect.any(String),
      route: null,
      message: `bridge test, process ${child.pid}, routes: 1`,
    })
    const [, url = ''] = /serving (\S+)\/metrics/.exec(child.stderr) ?? []
    using second = start()
    expect(await second.exit).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`^memlane: STATE_FOLDER_IN_USE: The bridge of process ${child.pid} uses`),
      ),
    })
    const other = configFile({ http: { port: Number(new URL(url).port) } })
    const status = await runCommand(['bridge', 'status', other])
    expect(status).toMatchObject({ code: 1, stdout: expect.stringMatching(/^route\tstate\t[\s\S]*\nnot connected: /) })
    child.kill('SIGTERM')
    const { code, signal, stdout } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: '' })
    expect(lines().at(-1)).toMatchObject({ message: 'stopped' })
    expect(await runCommand(['bridge', 'status', other])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^memlane: NOT_RUNNING: No bridge answers at http/),
    })
  })

  it('does not start with a wrong configuration', async () => {
    const file = configFile({ routes: [] })
    expect(await runCommand(['bridge', 'run', file])).toMatchObject({
      code: 1,
      stderr: `memlane: INVALID_CONFIG: ${file}:9:13: routes must not be empty\n`,
    })
  })
})
