import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { type Child, spawnChild, uniqueName } from '@memlane/testing'
import { hasPython } from '@memlane/testing/python'
import { describe, expect, test } from 'vitest'

const first = fileURLToPath(new URL('../../first-process/dist/main.js', import.meta.url))
const second = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const onWindows = capabilities.namespace === 'windows'

const WAIT = ['--wait', '20000']

function firstProcess(name: string, ...args: string[]): Child {
  return spawnChild(process.execPath, [first, '--stream', '--name', name, '--rate', '50', ...args])
}

function secondProcess(name: string, ...args: string[]): Child {
  return spawnChild(process.execPath, [second, '--stream', '--name', name, ...args])
}

/** The numbers of the messages that were shown, in their order. */
function messages(child: Child): number[] {
  return [...child.stdout.matchAll(/^message (\d+) /gm)].map((match) => Number(match[1]))
}

/** Checks that the numbers follow one another without a gap. */
function expectConsecutive(numbers: readonly number[]): void {
  const [start = Number.NaN] = numbers
  expect(numbers).toEqual(numbers.map((_, index) => start + index))
}

/** Waits until this process's messages are shown. */
function messageOf(sender: Child, shown: Child): Promise<string> {
  return shown.line(new RegExp(`^message \\d+  from ${sender.pid} `))
}

async function endedOrderly(child: Child): Promise<void> {
  expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
}

describe('shows a line for each message where standard output is no terminal', () => {
  test('started after the first process, which ends in order', async () => {
    const name = uniqueName('figures')
    using sender = firstProcess(name)
    await sender.line(/^Sending/)
    using shown = secondProcess(name)
    expect(await messageOf(sender, shown)).toMatch(
      /^message \d+ {2}from \d+ {2}busy [\d.]+ % {2}load [\d.]+ {2}memory [\d.]+ of [\d.]+ GiB {2}process [\d.]+ MiB [\d.]+ % {2}rate [\d.]+\/s {2}lag \d+ {2}missed 0$/,
    )
    sender.end()
    await endedOrderly(sender)
    await endedOrderly(shown)
    expectConsecutive(messages(shown))
    expect(shown.stdout).toMatch(/\nFirst process has closed the stream\.\n$/)
    expect(sender.stdout).toContain(`\nSent ${messages(shown).at(-1)} messages.\n`)
  })

  test('started before the first process, for which it waits', async () => {
    const name = uniqueName('figures')
    using shown = secondProcess(name, ...WAIT)
    using sender = firstProcess(name)
    await messageOf(sender, shown)
    shown.end()
    await endedOrderly(shown)
    expectConsecutive(messages(shown))
    sender.end()
    await endedOrderly(sender)
  })

  test('as many as --count says, whatever its input does', async () => {
    const name = uniqueName('figures')
    using shown = secondProcess(name, ...WAIT, '--count', '3')
    shown.end()
    using _sender = firstProcess(name)
    await endedOrderly(shown)
    expect(messages(shown)).toHaveLength(3)
  })
})

describe('after a process was killed and started again,', () => {
  test('the first process continues its stream, and the second process waits for it', async () => {
    const name = uniqueName('figures')
    using sender = firstProcess(name)
    using shown = secondProcess(name, ...WAIT)
    await messageOf(sender, shown)
    sender.kill('SIGKILL')
    await shown.line('First process died; waiting for it to come back.')

    using again = firstProcess(name)
    await messageOf(again, shown)
    again.end()
    await endedOrderly(again)
    await endedOrderly(shown)
    expect(again.stdout).toMatch(/^Sending this machine's figures to .*, 50 a second, behind message \d+\.$/m)
    expect(shown.stdout).toMatch(/died; waiting for it to come back\.\nFirst process is back\.\nmessage /)
    expectConsecutive(messages(shown))
  })

  test('the second process shows the new messages, and the first process was not blocked', async () => {
    const name = uniqueName('figures')
    using sender = firstProcess(name)
    using shown = secondProcess(name, ...WAIT)
    await messageOf(sender, shown)
    shown.kill('SIGKILL')
    await shown.exit

    using again = secondProcess(name)
    await messageOf(sender, again)
    sender.end()
    await endedOrderly(sender)
    await endedOrderly(again)
    expectConsecutive(messages(again))
    expect(messages(again)[0]).toBeGreaterThan(messages(shown).at(-1) ?? Number.NaN)
  })

  test('both processes leave no memory behind', async () => {
    const name = uniqueName('figures')
    for (let round = 0; round < 2; round++) {
      using sender = firstProcess(name)
      using shown = secondProcess(name, ...WAIT)
      await messageOf(sender, shown)
      expect(messages(shown)[0]).toBeLessThan(1000)
      expect(sender.stdout).not.toContain('behind message')
      sender.kill('SIGKILL')
      shown.kill('SIGKILL')
      await Promise.all([sender.exit, shown.exit])
    }
    expect(SharedMemory.list().filter((memory) => memory.name === name)).toEqual([])
  })
})

describe('ends in order', () => {
  const endings: [string, (child: Child) => void][] = [['a byte comes', (child) => child.write('x')]]
  if (!onWindows) {
    endings.push(['SIGINT comes', (child) => child.kill('SIGINT')], ['SIGTERM comes', (child) => child.kill('SIGTERM')])
    endings.push(['SIGHUP comes', (child) => child.kill('SIGHUP')])
  }

  test.each(endings)('when %s', async (_, end) => {
    const name = uniqueName('figures')
    using sender = firstProcess(name)
    using shown = secondProcess(name, ...WAIT)
    await messageOf(sender, shown)
    end(shown)
    await endedOrderly(shown)
  })

  test('while it waits for the first process to come back', async () => {
    const name = uniqueName('figures')
    using sender = firstProcess(name)
    using shown = secondProcess(name, ...WAIT)
    await messageOf(sender, shown)
    sender.kill('SIGKILL')
    await shown.line(/^First process died/)
    shown.end()
    await endedOrderly(shown)
  })

  test('while it waits for the first process to appear', async () => {
    using shown = secondProcess(uniqueName('figures'), ...WAIT)
    shown.end()
    await endedOrderly(shown)
  })
})

test('ends with 1 when there is no first process', async () => {
  using shown = secondProcess(uniqueName('figures'))
  const { code, signal, stdout, stderr } = await shown.exit
  expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
  expect(stderr).toMatch(/^Could not open file mapping object \(2\)\.\n/)
})

test.skipIf(onWindows || !hasPython)(
  'draws the table in its place on a terminal, and leaves the terminal as it was',
  async () => {
    const terminal = fileURLToPath(new URL('../../first-process/fixtures/terminal.py', import.meta.url))
    const name = uniqueName('figures')
    using _sender = firstProcess(name)
    const command = [process.execPath, second, '--stream', '--name', name, ...WAIT]
    const upToItsStart = '\x1b[15F\x1b[J'
    using shown = spawnChild('python3', [terminal, `${upToItsStart}${name}: receiving`, 'q', ...command])
    const { code, signal, stdout } = await shown.exit
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(stdout).toMatch(/\n {2}rate +[\d.]+\/s\n {2}lag +\d+\n {2}missed +0\n/)
    expect(stdout).toContain('terminal as before')
  },
)
