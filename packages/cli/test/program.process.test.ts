import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { f64, struct } from '@memlane/protocol'
import { spawnChild, uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { describe, expect, it, onTestFinished } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))
const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const umbrella = fileURLToPath(new URL('../../memlane/dist/main.js', import.meta.url))

const start = (args: readonly string[], file = program, cwd = folder) =>
  spawnChild(process.execPath, [file, ...args], { cwd, env: { NODE_PATH: undefined }, timeoutMs: 50_000 }) // pnpm's programs set NODE_PATH

/** A stream into which this process sends, until the test ends. */
function liveStream(): string {
  const name = uniqueName('program')
  const writer = createStream(name, struct('Tick', { count: f64 }))
  let count = 0
  const timer = setInterval(() => writer.trySend({ count: count++ }), 1)
  onTestFinished(() => {
    clearInterval(timer)
    writer.close()
  })
  return name
}

describe('the program memlane', () => {
  it.skipIf(capabilities.namespace === 'windows')('watches at a low priority, and ends cleanly at SIGINT', async () => {
    using child = start(['tail', liveStream(), '--json'])
    await child.line(/"count":/)
    // Bun and Deno show no other process's priority.
    if (capabilities.uvPoll) expect(getPriority(child.pid)).toBe(constants.priority.PRIORITY_BELOW_NORMAL)
    child.kill('SIGINT')
    expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  it('ends cleanly when nobody reads its output any more', async () => {
    const child = spawn(process.execPath, [program, 'tail', liveStream()], { stdio: ['ignore', 'pipe', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.stdout.once('data', () => child.stdout.destroy())
    const [code] = await once(child, 'close')
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
  })

  it('reads values from its standard input, and says how it ended', async () => {
    const name = liveStream()
    using child = start(['send', name])
    child.write('{"count":-1}\n{"count":-2}\n')
    child.end()
    expect(await child.exit).toMatchObject({ code: 0, stdout: `Sent 2 values to ${name}.\n`, stderr: '' })
  })

  it('measures this machine by two processes', async () => {
    using child = start(['bench', '--json'])
    const { code, stdout, stderr } = await child.exit
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      roundTripSpinning: { medianUs: expect.any(Number), p99Us: expect.any(Number) },
      roundTripAwaiting: { medianUs: expect.any(Number), p99Us: expect.any(Number) },
      messagesPerSecond: expect.any(Number),
    })
    expect(leftovers('memlane-bench')).toEqual([])
  })

  it('completes commands, options and the names of memory that no shell takes for more', async () => {
    const name = liveStream()
    using _hostile = SharedMemory.create(`${name}$(reboot)`, 8)
    const complete = async (...words: string[]) => (await start(['complete', '--', ...words]).exit).stdout.split('\n')
    const [script, commands, options, names] = await Promise.all([
      start(['completion', 'bash']).exit,
      complete('ta'),
      complete('tail', '--w'),
      complete('tail', name.slice(0, -3)),
    ])
    expect(script).toMatchObject({ code: 0, stdout: expect.stringContaining('__memlane_complete') })
    expect(commands[0]).toMatch(/^tail\t/)
    expect(options[0]).toMatch(/^--where\t/)
    expect(names[0]).toMatch(new RegExp(`^${name}\t`))
    expect(names.join()).not.toContain('reboot')
  })
})

describe('the program of the package memlane', () => {
  it('runs the one of @memlane/cli if the project of the current folder has it', async () => {
    using child = start(['--help'], umbrella)
    expect(await child.exit).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: memlane'), stderr: '' })
  })

  it('otherwise says how to install it', async () => {
    const alone = mkdtempSync(join(tmpdir(), 'memlane-'))
    onTestFinished(() => rmSync(alone, { recursive: true }))
    copyFileSync(umbrella, join(alone, 'main.mjs'))
    using child = start(['ls'], join(alone, 'main.mjs'), alone)
    expect(await child.exit).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'memlane: NOT_INSTALLED: the commands are a package of their own: npm install @memlane/cli\n',
    })
  })
})
