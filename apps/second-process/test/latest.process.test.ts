import { fileURLToPath } from 'node:url'
import { SharedMemory } from '@memlane/core'
import { type Child, spawnChild, uniqueName } from '@memlane/testing'
import { describe, expect, test } from 'vitest'

const first = fileURLToPath(new URL('../../first-process/dist/main.js', import.meta.url))
const second = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const firstProcess = (name: string, ...args: string[]) =>
  spawnChild(process.execPath, [first, '--latest', '--name', name, '--rate', '50', ...args])
const secondProcess = (name: string, ...args: string[]) =>
  spawnChild(process.execPath, [second, '--latest', '--name', name, '--wait', '20000', ...args])

/** Waits until this process's figures are shown. */
const figuresOf = (setter: Child, shown: Child) => shown.line(new RegExp(`^message \\d+  from ${setter.pid} `))

async function endedOrderly(child: Child): Promise<void> {
  expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
}

describe('with --latest,', () => {
  test('the second process shows the newest figures, with their age, until the first one ends', async () => {
    const name = uniqueName('figures')
    using shown = secondProcess(name)
    using setter = firstProcess(name)
    expect(await figuresOf(setter, shown)).toMatch(/ {2}rate [\d.]+\/s {2}age \d+ ms {2}skipped \d+$/)
    setter.end()
    await endedOrderly(setter)
    await endedOrderly(shown)
    expect(setter.stdout).toMatch(/^Setting this machine's figures in .*, 50 times a second\.$/m)
    expect(shown.stdout).toMatch(/\nFirst process has closed the latest\.\n$/)
  })

  test('a first process that was killed continues after its last figures', async () => {
    const name = uniqueName('figures')
    using setter = firstProcess(name)
    using shown = secondProcess(name)
    await figuresOf(setter, shown)
    setter.kill('SIGKILL')
    await shown.line('First process died; waiting for it to come back.')
    using again = firstProcess(name)
    await figuresOf(again, shown)
    again.end()
    await endedOrderly(again)
    await endedOrderly(shown)
    expect(again.stdout).toMatch(/, 50 times a second, after version \d+\.$/m)
    expect(SharedMemory.list().filter((memory) => memory.name === name)).toEqual([])
  })

  test('a second first process is refused, with the process id of the first one', async () => {
    const name = uniqueName('figures')
    using setter = firstProcess(name)
    await setter.line(/^Setting/)
    using refused = firstProcess(name)
    const { code, stderr } = await refused.exit
    expect(code).toBe(1)
    expect(stderr).toContain('it has a writer already')
    setter.end()
    await endedOrderly(setter)
  })

  test('as many figures are shown as --count says', async () => {
    const name = uniqueName('figures')
    using shown = secondProcess(name, '--count', '3')
    shown.end()
    using _setter = firstProcess(name)
    await endedOrderly(shown)
    expect(shown.stdout.match(/^message /gm)).toHaveLength(3)
  })
})
