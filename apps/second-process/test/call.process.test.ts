import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { type Child, spawnChild, uniqueName } from '@memlane/testing'
import { hasPython } from '@memlane/testing/python'
import { describe, expect, it } from 'vitest'

const first = fileURLToPath(new URL('../../first-process/dist/main.js', import.meta.url))
const second = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const onWindows = capabilities.namespace === 'windows'

const firstProcess = (name: string) => spawnChild(process.execPath, [first, '--call', '--name', name])
const secondProcess = (name: string, ...args: string[]) =>
  spawnChild(process.execPath, [second, '--call', '--name', name, '--wait', '20000', '--rate', '50', ...args])

/** Waits until this process's figures are shown. */
const figuresOf = (server: Child, shown: Child) => shown.line(new RegExp(`^message \\d+  from ${server.pid} `))

/** The process ids and the numbers of the messages that were shown, in their order. */
const shownBy = ({ stdout }: Child) =>
  [...stdout.matchAll(/^message (\d+) {2}from (\d+) /gm)].map(([, number, pid]) => [Number(pid), Number(number)])

async function ready(server: Child): Promise<void> {
  await server.line('Press any key to end.')
}

async function endedOrderly(...children: Child[]): Promise<void> {
  for (const child of children) expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
}

describe('with --call,', () => {
  it('the first process streams its figures to each second process, and answers for a disk', async () => {
    const name = uniqueName('figures')
    using one = secondProcess(name, '--count', '3')
    using server = firstProcess(name)
    using other = secondProcess(name, '--count', '5')
    await endedOrderly(one, other)
    expect(shownBy(one)).toEqual([1, 2, 3].map((number) => [server.pid, number]))
    expect(shownBy(other)).toEqual([1, 2, 3, 4, 5].map((number) => [server.pid, number]))
    expect(one.stdout).toMatch(
      / {2}rate [\d.]+\/s {2}servers 1 {2}disk used [\d.]+ of [\d.]+ GiB {2}round trip [\d.]+ ms$/m,
    )
    server.end()
    await endedOrderly(server)
    const begin = `Answering calls for this machine's figures in ${name}.\nPress any key to end.\n`
    expect(server.stdout.replace(/\d+ calls/, 'so many calls')).toBe(`${begin}Answered so many calls.\n`)
    expect(SharedMemory.list().filter((memory) => memory.name === name)).toEqual([])
  })

  it('another first process takes over from one that was killed', async () => {
    const name = uniqueName('figures')
    using server = firstProcess(name)
    await ready(server)
    using shown = secondProcess(name)
    await figuresOf(server, shown)
    using other = firstProcess(name)
    await ready(other)
    server.kill('SIGKILL')
    await figuresOf(other, shown)
    shown.end()
    other.end()
    await endedOrderly(shown, other)
    expect(shown.stdout).toMatch(
      / from \d+ .*\nFirst process died; waiting for it to come back\.\nFirst process is back\.\nm/,
    )
  })

  it('the second process waits for the next first process after the only one was killed', async () => {
    const name = uniqueName('figures')
    using server = firstProcess(name)
    using shown = secondProcess(name)
    await figuresOf(server, shown)
    server.kill('SIGKILL')
    await shown.line('First process died; waiting for it to come back.')
    using next = firstProcess(name)
    await shown.line('First process is back.')
    await figuresOf(next, shown)
    next.end()
    await endedOrderly(next)
    await shown.line('No first process; waiting for one.')
    shown.end()
    await endedOrderly(shown)
    expect(shownBy(shown).find(([pid]) => pid === next.pid)).toEqual([next.pid, 1])
    expect(SharedMemory.list().filter((memory) => memory.name === name)).toEqual([])
  })

  it('a first process is not blocked by a second process that was killed', async () => {
    const name = uniqueName('figures')
    using server = firstProcess(name)
    using shown = secondProcess(name)
    await figuresOf(server, shown)
    shown.kill('SIGKILL')
    await shown.exit
    using again = secondProcess(name, '--count', '2')
    await endedOrderly(again)
    server.end()
    await endedOrderly(server)
  })

  it('the second process ends with the error of the first one', async () => {
    const name = uniqueName('figures')
    using server = firstProcess(name)
    using failing = secondProcess(name, '--disk', '/no/such/folder')
    const { code, signal, stdout, stderr } = await failing.exit
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(/^Could not show the figures\.\nENOENT: no such file or directory, statfs '.*folder'\r?\n$/)
    server.end()
    await endedOrderly(server)
  })
})

describe('a second process that calls ends in order', () => {
  const endings: [string, (child: Child) => void][] = [['a byte', (child) => child.write('x')]]
  if (!onWindows)
    endings.push(['SIGINT', (child) => child.kill('SIGINT')], ['SIGTERM', (child) => child.kill('SIGTERM')])

  for (const [ending, end] of endings) {
    it(`at ${ending}, and the first process goes on`, async () => {
      const name = uniqueName('figures')
      using server = firstProcess(name)
      using shown = secondProcess(name)
      await figuresOf(server, shown)
      end(shown)
      await endedOrderly(shown)
      using again = secondProcess(name, '--count', '1')
      await endedOrderly(again)
      server.end()
      await endedOrderly(server)
    })
  }

  it('while it waits for a first process', async () => {
    const name = uniqueName('figures')
    using unlucky = secondProcess(name)
    using server = firstProcess(name)
    using shown = secondProcess(name)
    await figuresOf(server, shown)
    server.kill('SIGKILL')
    await shown.line(/^First process died/)
    shown.end()
    unlucky.end()
    await endedOrderly(shown, unlucky)
    using early = secondProcess(uniqueName('figures'))
    early.end()
    await endedOrderly(early)
  })
})

it.skipIf(onWindows || !hasPython)('the second process draws the table of calls in its place', async () => {
  const terminal = fileURLToPath(new URL('../../first-process/fixtures/terminal.py', import.meta.url))
  const name = uniqueName('figures')
  using _server = firstProcess(name)
  const command = [process.execPath, second, '--call', '--name', name, '--wait', '20000']
  using shown = spawnChild('python3', [terminal, `\x1b[16F\x1b[J${name}: receiving`, 'q', ...command])
  expect(await shown.exit).toMatchObject({ code: 0, signal: null })
  expect(shown.stdout).toMatch(/\n {2}servers +1\n {2}disk used +[\d.]+ of [\d.]+ GiB\n {2}round trip +[\d.]+ ms\n/)
})
