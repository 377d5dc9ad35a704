import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { type Child, spawnChild, uniqueName } from '@memlane/testing'
import { hasPython } from '@memlane/testing/python'
import { describe, expect, it } from 'vitest'

const first = fileURLToPath(new URL('../../first-process/dist/main.js', import.meta.url))
const second = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const onWindows = capabilities.namespace === 'windows'

const firstProcess = (name: string, ...args: string[]) =>
  spawnChild(process.execPath, [first, '--queue', '--name', name, '--rate', '50', ...args])
const secondProcess = (name: string, ...args: string[]) =>
  spawnChild(process.execPath, [second, '--queue', '--name', name, '--wait', '20000', '--work', '0', ...args])

/** Waits until a message is shown. Returns its number. */
const anyMessage = async (shown: Child) => Number(/\d+/.exec(await shown.line(/^message /)))

/** The numbers of the messages that these processes have shown, in ascending order. */
const numbersOf = (...shown: Child[]) =>
  shown
    .flatMap(({ stdout }) => [...stdout.matchAll(/^message (\d+) /gm)].map((match) => Number(match[1])))
    .sort((a, b) => a - b)

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

async function endedOrderly(...children: Child[]): Promise<void> {
  for (const child of children) expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
}

describe('with --queue,', () => {
  it('each message goes to one of the second processes, and the first one waits until all are done', async () => {
    const name = uniqueName('figures')
    using one = secondProcess(name, '--work', '20')
    using other = secondProcess(name, '--work', '20')
    using sender = firstProcess(name, '--count', '40')
    await endedOrderly(sender)
    expect(sender.stdout).toBe(
      `Queueing this machine's figures in ${name}, 50 a second.\nSent 40 messages; 0 are not done yet.\n`,
    )
    await Promise.all([one, other].map((child) => child.line('No first process; waiting for one.')))
    one.end()
    other.end()
    await endedOrderly(one, other)
    expect(numbersOf(one, other)).toEqual(upTo(40))
    expect(one.stdout).toMatch(/ {2}rate [\d.]+\/s {2}delivery 1 {2}ready \d+$/m)
  })

  it('a message of a second process that was killed goes to another one', async () => {
    const name = uniqueName('figures')
    using slow = secondProcess(name, '--work', '60000')
    using sender = firstProcess(name)
    const number = await anyMessage(slow)
    using other = secondProcess(name)
    expect(await anyMessage(other)).not.toBe(number)
    slow.kill('SIGKILL')
    await other.line(new RegExp(`^message ${number} .* delivery 2 `))
    sender.end()
    await endedOrderly(sender)
    other.end()
    await endedOrderly(other)
    expect(numbersOf(slow)).toEqual([number])
  })

  it('a first process that was killed continues in its queue, which keeps its messages', async () => {
    const name = uniqueName('figures')
    using shown = secondProcess(name)
    using sender = firstProcess(name)
    await anyMessage(shown)
    sender.kill('SIGKILL')
    await shown.line('No first process; waiting for one.')
    using again = firstProcess(name)
    await shown.line('First process is back.')
    await shown.line(new RegExp(`^message \\d+  from ${again.pid} `))
    again.end()
    await endedOrderly(again)
    await shown.line(/^No first process.*/)
    shown.end()
    await endedOrderly(shown)
    expect(again.stdout).toMatch(/, 50 a second, behind message \d+\.$/m)
    const numbers = numbersOf(shown)
    expect(numbers).toEqual(upTo(numbers.length))
    expect(SharedMemory.list().filter((memory) => memory.name === name)).toEqual([])
  })

  it('messages wait for a second process, which takes as many as --count says', async () => {
    const name = uniqueName('figures')
    using sender = firstProcess(name, '--count', '5')
    await sender.line(/^Queueing/)
    using shown = secondProcess(name, '--count', '3')
    shown.end()
    await endedOrderly(shown)
    expect(numbersOf(shown)).toEqual([1, 2, 3])
    using rest = secondProcess(name)
    await endedOrderly(sender)
    rest.end()
    await endedOrderly(rest)
    expect(numbersOf(rest)).toEqual([4, 5])
  })
})

describe('asked to end,', () => {
  const endings: [string, (child: Child) => void][] = [['a byte', (child) => child.write('x')]]
  if (!onWindows)
    endings.push(['SIGINT', (child) => child.kill('SIGINT')], ['SIGTERM', (child) => child.kill('SIGTERM')])

  for (const [ending, end] of endings) {
    it(`a second process first finishes its message: ${ending}`, async () => {
      const name = uniqueName('figures')
      using shown = secondProcess(name, '--work', '500')
      using sender = firstProcess(name, '--count', '1')
      await anyMessage(shown)
      end(shown)
      await endedOrderly(shown, sender)
      expect(sender.stdout).toMatch(/\nSent 1 messages; 0 are not done yet\.\n$/)
    })
  }

  it('a first process says how many messages it leaves', async () => {
    const name = uniqueName('figures')
    using sender = firstProcess(name)
    await sender.line('Press any key to end.')
    sender.end()
    await endedOrderly(sender)
    expect(sender.stdout).toMatch(/\nSent (\d+) messages; \1 are not done yet\.\n$/)
  })

  it('a second process ends while it waits for a queue', async () => {
    using shown = secondProcess(uniqueName('figures'))
    shown.end()
    await endedOrderly(shown)
  })
})

it('--work is refused for another shape', async () => {
  using refused = spawnChild(process.execPath, [second, '--latest', '--work', '5'])
  const { code, stderr } = await refused.exit
  expect(code).toBe(2)
  expect(stderr).toContain("'--work' cannot be used without option '--queue'")
})

it.skipIf(onWindows || !hasPython)('the second process draws the table of a queue in its place', async () => {
  const terminal = fileURLToPath(new URL('../../first-process/fixtures/terminal.py', import.meta.url))
  const name = uniqueName('figures')
  using _sender = firstProcess(name)
  const command = [process.execPath, second, '--queue', '--name', name, '--wait', '20000', '--work', '1']
  using shown = spawnChild('python3', [terminal, `\x1b[15F\x1b[J${name}: receiving`, 'q', ...command])
  expect(await shown.exit).toMatchObject({ code: 0, signal: null })
  expect(shown.stdout).toMatch(/\n {2}rate +[\d.]+\/s\n {2}delivery +1\n {2}ready +\d+\n/)
})
