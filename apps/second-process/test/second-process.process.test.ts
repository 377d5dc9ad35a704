import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { type Child, type ChildOptions, spawnChild, uniqueName } from '@memlane/testing'
import { describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))

function secondProcess(args: readonly string[], options?: ChildOptions): Child {
  return spawnChild(process.execPath, [program, '--show', 'terminal', ...args], options)
}

/** Memory that holds these bytes and is zero behind them. */
function memoryWith(name: string, bytes: Uint8Array, length = 256): SharedMemory {
  return SharedMemory.create(name, length, { initialize: (buffer) => new Uint8Array(buffer).set(bytes) })
}

const classicMessage = Buffer.from('Message from first process.', 'utf16le')

test('prints the message of the classic name, and ends', async () => {
  const name = 'Global\\MyFileMappingObject'
  using memory = SharedMemory.createOrOpen(name, 256)
  memory.bytes.set(classicMessage)
  using child = secondProcess([])
  expect(await child.exit).toEqual({ code: 0, signal: null, stdout: 'Message from first process.\n', stderr: '' })
})

describe('reads the encoding asked for', () => {
  test.each([
    ['utf16le', Buffer.from('Grüße 🎮', 'utf16le'), 'Grüße 🎮'],
    ['utf8', Buffer.from('Grüße 🎮', 'utf8'), 'Grüße 🎮'],
    ['latin1', Buffer.from('Grüße', 'latin1'), 'Grüße'],
    ['utf32le', Buffer.from(Uint32Array.of(0xdf, 0x1f3ae).buffer), 'ß🎮'],
  ])('%s', async (encoding, bytes, message) => {
    const name = uniqueName('second')
    using _memory = memoryWith(name, bytes)
    using child = secondProcess(['--name', name, '--encoding', encoding])
    expect(await child.exit).toEqual({ code: 0, signal: null, stdout: `${message}\n`, stderr: '' })
  })
})

test('reads no further than --length when there is no terminator', async () => {
  const name = uniqueName('second')
  using _memory = memoryWith(name, Buffer.alloc(256, 'x\0'))
  using child = secondProcess(['--name', name, '--length', '8'])
  expect(await child.exit).toEqual({ code: 0, signal: null, stdout: 'xxxx\n', stderr: '' })
})

test.skipIf(capabilities.namespace === 'windows')('ends with 1 when the message could not be shown', async () => {
  const name = uniqueName('second')
  using _memory = memoryWith(name, classicMessage)
  const args = ['-c', 'exec "$@" >/dev/full', 'sh', process.execPath, program, '--show', 'terminal', '--name', name]
  const { code, stderr } = await spawnChild('sh', args).exit
  expect(code).toBe(1)
  expect(stderr).toMatch(/^Could not show the message\.\n.*no space left/i)
})

describe('waits for the first process', () => {
  test('until it appears with a message', async () => {
    const name = uniqueName('second')
    using child = secondProcess(['--name', name, '--wait', '20000'])
    await setTimeout(700)
    expect(child.stdout).toBe('')
    using _memory = memoryWith(name, classicMessage)
    expect(await child.exit).toEqual({ code: 0, signal: null, stdout: 'Message from first process.\n', stderr: '' })
  })

  test('until the memory that is there has a message', async () => {
    const name = uniqueName('second')
    using memory = SharedMemory.create(name, 256)
    using child = secondProcess(['--name', name, '--wait', '20000'])
    await setTimeout(700)
    expect(child.stdout).toBe('')
    memory.bytes.set(classicMessage)
    expect(await child.exit).toEqual({ code: 0, signal: null, stdout: 'Message from first process.\n', stderr: '' })
  })

  test('and reports an error when the time has passed without a first process', async () => {
    using child = secondProcess(['--name', uniqueName('second'), '--wait', '300'])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(/^Could not open file mapping object \(2\)\.\n.+\n$/)
  })

  test('and shows an empty message when the time has passed and the memory still has none', async () => {
    const name = uniqueName('second')
    using _memory = SharedMemory.create(name, 256)
    using child = secondProcess(['--name', name, '--wait', '300'])
    expect(await child.exit).toEqual({ code: 0, signal: null, stdout: '\n', stderr: '' })
  })
})

describe('says what failed, with the code of the system, and ends with 1', () => {
  test('when no process holds the memory', async () => {
    using child = secondProcess(['--name', uniqueName('second')])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(/^Could not open file mapping object \(2\)\.\n.*Start the process that creates it.*\n$/)
  })

  test('when the memory is too short', async () => {
    const name = uniqueName('second')
    using _memory = SharedMemory.create(name, 64)
    using child = secondProcess(['--name', name, '--length', '8192'])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(/^Could not map view of file \(\w+\)\.\n.*8192 bytes asked for.*\n$/)
  })
})

describe('refuses a wrong command line, and ends with 2', () => {
  test.each([
    [['--nonsense'], /unknown option '--nonsense'/],
    [['--length', '0'], /--length.*'0' is invalid.*whole number from 1/],
    [['--wait', 'long'], /--wait.*'long' is invalid/],
    [['--length', '9007199254740991'], /--length.*is invalid.*whole number from 1 to \d{10}/],
    [['--encoding', 'ebcdic'], /--encoding.*'ebcdic' is invalid.*utf16le/],
    [['--show', 'nowhere'], /--show.*'nowhere' is invalid.*terminal, dialog/],
    [['message'], /too many arguments/],
    [['--count', '5'], /'--count' cannot be used without option '--stream' or '--latest' or '--queue' or '--call'/],
    [['--disk', '/'], /'--disk' cannot be used without option '--call'/],
    [['--rate', '5'], /'--rate' cannot be used without option '--call'/],
    [['--call', '--rate', '1001'], /--rate.*'1001' is invalid.*whole number from 1 to 1000/],
    [['--work', '5'], /'--work' cannot be used without option '--queue'/],
    [['--queue', '--work', '60001'], /--work.*'60001' is invalid.*whole number from 0 to 60000/],
    [['--queue'], /'--queue' cannot be used with option '--show <where>'/],
    [['--stream'], /'--stream' cannot be used with option '--show <where>'/],
    [['--stream', '--length', '64'], /'--stream' cannot be used with option '--length <bytes>'/],
  ])('%j', async (args, sentence) => {
    using child = secondProcess(args)
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 2, signal: null, stdout: '' })
    expect(stderr).toMatch(sentence)
    expect(stderr).toContain('Try second-process --help.')
  })

  test.each(['', 'a/b', 'Local\\', 'global\\lower', 'X.lease.1'])('--name %j', async (name) => {
    using child = secondProcess(['--name', name])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stdout }).toEqual({ code: 2, signal: null, stdout: '' })
    const [step, reason] = stderr.split(/\r?\n/)
    expect(step).toBe(`Could not open file mapping object (${capabilities.invalidNameOsCode}).`)
    expect(reason).toContain(`Invalid name ${JSON.stringify(name)}`)
  })
})

test('--help names every option with its default', async () => {
  using child = secondProcess(['--help'])
  const { code, signal, stdout, stderr } = await child.exit
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(stdout).toContain('Usage: second-process [options]')
  for (const part of [
    '--name <name>',
    '--length <bytes>',
    '--encoding <encoding>',
    '--show <where>',
    '--wait <ms>',
    '--stream',
    '--latest',
    '--queue',
    '--work <ms>',
    '--call',
    '--rate <hz>',
    '--disk <path>',
    '--count <messages>',
  ]) {
    expect(stdout).toContain(part)
  }
  for (const value of [
    '(default: Global\\MyFileMappingObject)',
    '256',
    'utf16le',
    'terminal',
    'dialog',
    'if the first process is elevated, only elevated processes can open its memory.',
    'Exit code',
  ]) {
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(value)
  }
})
