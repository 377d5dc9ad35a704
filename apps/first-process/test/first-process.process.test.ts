import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { type Child, type ChildOptions, spawnChild, uniqueName } from '@memlane/testing'
import { hasPython } from '@memlane/testing/python'
import { describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const onWindows = capabilities.namespace === 'windows'

const READY = 'Press any key to end.'

function firstProcess(args: readonly string[], options?: ChildOptions): Child {
  return spawnChild(process.execPath, [program, ...args], options)
}

/** The bytes at the start of the memory. */
function bytesIn(name: string, length: number): Buffer {
  using memory = SharedMemory.open(name)
  return Buffer.from(memory.bytes.subarray(0, length))
}

/** Looks for the file where objects are files: a list would remove files that were left behind. */
function isThere(name: string): boolean {
  const path = capabilities.objectPath(`/${name}.${process.getuid?.()}`)
  if (path !== undefined) return existsSync(path)
  return SharedMemory.list().some((memory) => memory.name === name)
}

test('writes the classic message to the classic name', async () => {
  using child = firstProcess([])
  await child.line(READY)
  using memory = SharedMemory.open('Global\\MyFileMappingObject')
  expect(Buffer.from(memory.bytes.subarray(0, 56)).toString('utf16le')).toBe('Message from first process.\0')
  if (capabilities.exactLength) expect(memory.objectLength).toBe(256)
  child.end()
  expect(await child.exit).toEqual({
    code: 0,
    signal: null,
    stdout: `Wrote "Message from first process." to Global\\MyFileMappingObject (256 bytes, utf16le).\n${READY}\n`,
    stderr: '',
  })
})

describe('writes the message in the encoding asked for', () => {
  test.each([
    ['utf16le', Buffer.from('Grüße', 'utf16le')],
    ['utf8', Buffer.from('Grüße', 'utf8')],
    ['latin1', Buffer.from('Grüße', 'latin1')],
  ])('%s', async (encoding, bytes) => {
    const name = uniqueName('first')
    using child = firstProcess(['--name', name, '--length', '64', '--encoding', encoding, 'Grüße'])
    expect(await child.line(/^Wrote/)).toBe(`Wrote "Grüße" to ${name} (64 bytes, ${encoding}).`)
    await child.line(READY)
    expect(bytesIn(name, 64)).toEqual(Buffer.concat([bytes, Buffer.alloc(64)], 64))
    child.end()
    expect(await child.exit).toMatchObject({ code: 0, signal: null })
  })

  test('utf32le', async () => {
    const name = uniqueName('first')
    using child = firstProcess(['--name', name, '--length', '64', '--encoding', 'utf32le', 'ß🎮'])
    await child.line(READY)
    using memory = SharedMemory.open(name)
    expect([...new Uint32Array(memory.buffer, 0, 3)]).toEqual([0xdf, 0x1f3ae, 0])
    child.end()
    expect(await child.exit).toMatchObject({ code: 0, signal: null })
  })
})

const endings: [string, (child: Child) => void][] = [
  ['a byte comes', (child) => child.write('x')],
  ['its input ends', (child) => child.end()],
]
if (!onWindows) {
  endings.push(['SIGINT comes', (child) => child.kill('SIGINT')], ['SIGTERM comes', (child) => child.kill('SIGTERM')])
  endings.push(['SIGHUP comes', (child) => child.kill('SIGHUP')])
}

describe('holds the memory until', () => {
  test.each(endings)('%s', async (_, end) => {
    const name = uniqueName('first')
    using child = firstProcess(['--name', name])
    await child.line(READY)
    expect(isThere(name)).toBe(true)
    end(child)
    expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(isThere(name)).toBe(false)
  })

  test.skipIf(onWindows || !hasPython)(
    'a key is pressed on a terminal, and leaves the terminal as it was',
    async () => {
      const terminal = fileURLToPath(new URL('../fixtures/terminal.py', import.meta.url))
      const name = uniqueName('first')
      using child = spawnChild('python3', [terminal, READY, 'q', process.execPath, program, '--name', name])
      const { code, signal, stdout } = await child.exit
      expect({ code, signal }).toEqual({ code: 0, signal: null })
      expect(stdout).toContain(READY)
      expect(stdout).toContain('terminal as before')
      expect(isThere(name)).toBe(false)
    },
  )

  test('the time of --hold has passed, whatever its input does', async () => {
    const name = uniqueName('first')
    using child = firstProcess(['--name', name, '--hold', '1000'])
    child.end()
    await child.line('Holding it for 1000 ms.')
    expect(isThere(name)).toBe(true)
    expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(isThere(name)).toBe(false)
  })

  test.skipIf(onWindows)('SIGTERM cuts --hold short', async () => {
    using child = firstProcess(['--name', uniqueName('first'), '--hold', '600000'])
    await child.line('Holding it for 600000 ms.')
    child.kill('SIGTERM')
    expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })
})

test('opens memory that exists, and does not remove it while another process holds it', async () => {
  const name = uniqueName('first')
  using memory = SharedMemory.create(name, 4096)
  using child = firstProcess(['--name', name, 'Hello.'])
  await child.line(READY)
  expect(Buffer.from(memory.bytes.subarray(0, 14)).toString('utf16le')).toBe('Hello.\0')
  child.end()
  expect(await child.exit).toMatchObject({ code: 0, signal: null })
  expect(isThere(name)).toBe(true)
})

describe('sends figures', () => {
  test('as many as --count says, whatever its input does', async () => {
    const name = uniqueName('first')
    using child = firstProcess(['--stream', '--name', name, '--rate', '500', '--count', '7'])
    child.end()
    expect(await child.exit).toEqual({
      code: 0,
      signal: null,
      stdout: `Sending this machine's figures to ${name}, 500 a second.\nSent 7 messages.\n`,
      stderr: '',
    })
    expect(isThere(name)).toBe(false)
  })

  test.each(endings)('until %s', async (_, end) => {
    const name = uniqueName('first')
    using child = firstProcess(['--stream', '--name', name, '--rate', '1'])
    expect(await child.line(/^Sending/)).toBe(`Sending this machine's figures to ${name}, 1 a second.`)
    await child.line(READY)
    end(child)
    const { stdout, ...exit } = await child.exit
    expect(exit).toEqual({ code: 0, signal: null, stderr: '' })
    expect(stdout).toMatch(/\nSent \d+ messages\.\n$/)
    expect(isThere(name)).toBe(false)
  })

  test('not into memory that is no stream', async () => {
    const name = uniqueName('first')
    using _memory = SharedMemory.create(name, 4096)
    using child = firstProcess(['--stream', '--name', name])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(/^Could not create file mapping object \(\w+\)\.\n/)
  })
})

describe('says what failed, with the code of the system, and ends with 1', () => {
  test.runIf(capabilities.exactLength)('when the memory that exists is too short', async () => {
    const name = uniqueName('first')
    using _memory = SharedMemory.create(name, 64)
    using child = firstProcess(['--name', name])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(/^Could not map view of file \(\w+\)\.\n.*256 bytes asked for, 64 bytes there.*\n$/)
  })

  test('when the message does not fit, before there is any memory', async () => {
    const name = uniqueName('first')
    using child = firstProcess(['--name', name, '--length', '16', 'A message of more than that.'])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(/^Could not write the message\.\n.*16.*\n$/)
    expect(isThere(name)).toBe(false)
  })

  test('when the message does not fit into memory that exists, which stays unchanged', async () => {
    const name = uniqueName('first')
    using memory = SharedMemory.create(name, 16)
    memory.bytes.fill(0x41)
    using child = firstProcess(['--name', name, '--length', '16', 'A message of more than that.'])
    expect(await child.exit).toMatchObject({ code: 1, signal: null })
    expect([...memory.bytes]).toEqual(Array(16).fill(0x41))
  })
})

describe('refuses a wrong command line, and ends with 2', () => {
  test.each([
    [['--nonsense'], /unknown option '--nonsense'/],
    [['--length', '0'], /--length.*'0' is invalid.*whole number from 1/],
    [['--length', '1e3'], /--length.*'1e3' is invalid/],
    [['--hold', '-1'], /--hold.*'-1' is invalid/],
    [['--hold', '2147483648'], /--hold.*'2147483648' is invalid/],
    [['--length', '9007199254740991'], /--length.*is invalid.*whole number from 1 to \d{10}/],
    [['--encoding', 'ebcdic'], /--encoding.*'ebcdic' is invalid.*utf16le/],
    [['one', 'two'], /too many arguments/],
    [['--stream', 'message'], /'--stream' cannot be used with a message/],
    [['--stream', '--hold', '5'], /'--stream' cannot be used with option '--hold <ms>'/],
    [['--stream', '--encoding', 'utf8'], /'--stream' cannot be used with option '--encoding <encoding>'/],
    [['--queue', '--hold', '5'], /'--queue' cannot be used with option '--hold <ms>'/],
    [['--queue', '--latest'], /'--latest' cannot be used with option '--queue'/],
    [['--call', '--stream'], /'--stream' cannot be used with option '--call'/],
    [['--call', '--rate', '5'], /'--rate' cannot be used without option '--stream' or '--latest' or '--queue'/],
    [['--stream', '--rate', '0'], /--rate.*'0' is invalid.*whole number from 1 to 1000/],
    [['--stream', '--count', '0'], /--count.*'0' is invalid.*whole number from 1/],
    [['--rate', '5'], /'--rate' cannot be used without option '--stream' or '--latest' or '--queue'/],
    [['--count', '5', 'message'], /'--count' cannot be used without option '--stream' or '--latest' or '--queue'/],
  ])('%j', async (args, sentence) => {
    using child = firstProcess(args)
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 2, signal: null, stdout: '' })
    expect(stderr).toMatch(sentence)
    expect(stderr).toContain('Try first-process --help.')
  })

  test.each(['', 'a/b', 'Local\\', 'global\\lower', 'X.lease.1'])('--name %j', async (name) => {
    using child = firstProcess(['--name', name])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 2, signal: null, stdout: '' })
    const [step, reason] = stderr.split(/\r?\n/)
    expect(step).toBe(`Could not create file mapping object (${capabilities.invalidNameOsCode}).`)
    expect(reason).toContain(`Invalid name ${JSON.stringify(name)}`)
  })
})

test('--help names every option with its default', async () => {
  using child = firstProcess(['--help'])
  const { code, signal, stdout, stderr } = await child.exit
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(stdout).toContain('Usage: first-process [options] [message]')
  for (const part of [
    '--name <name>',
    '--length <bytes>',
    '--encoding <encoding>',
    '--hold <ms>',
    '--stream',
    '--latest',
    '--queue',
    '--call',
    '--rate <hz>',
    '--count <messages>',
    '--help',
  ]) {
    expect(stdout).toContain(part)
  }
  for (const value of [
    'Message from first process.',
    '(default: Global\\MyFileMappingObject)',
    '(default: Local\\MachineFigures)',
    '(default: Local\\LatestFigures)',
    '(default: Local\\QueuedFigures)',
    '(default: Local\\CalledFigures)',
    '256',
    'utf16le',
    'SIGTERM',
    'Start both processes elevated, or give both --name Local\\MyFileMappingObject.',
    'Exit code',
  ]) {
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(value)
  }
})
