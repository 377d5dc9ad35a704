import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { capabilities, SharedMemory } from '@memlane/core'
import { TEXT_ENCODINGS } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, test } from 'vitest'
import { c, HEAD_START_MS, memlane } from '../src/programs.js'

const MEMLANE_READY = 'Press any key to end.'
const CREATED = 'Ready (created).'
const OPENED = 'Ready (opened).'

const messages = { utf16le: 'Grüße 日本 🎮', utf8: 'Grüße 日本 🎮', latin1: 'Grüße', utf32le: 'Grüße 日本 🎮' }

/** Looked up in the folder: a list would remove files that were left behind. */
const isThere = (object: string) => existsSync(`/dev/shm${object}`)

describe.each(TEXT_ENCODINGS)('%s text', (encoding) => {
  const message = messages[encoding]
  const shown = { code: 0, signal: null, stdout: `${message}\n`, stderr: '' }

  test('of memlane is read by C, writer first', async () => {
    const object = `/${uniqueName('c')}`
    using first = memlane.first(['--name', object, '--encoding', encoding, message])
    await first.line(MEMLANE_READY)
    using second = c.second(['--encoding', encoding, object])
    expect(await second.exit).toEqual(shown)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(isThere(object)).toBe(false)
  })

  test('of memlane is read by C, reader first', async () => {
    const object = `/${uniqueName('c')}`
    using second = c.second(['--encoding', encoding, '--wait', '20000', object])
    await setTimeout(HEAD_START_MS)
    using first = memlane.first(['--name', object, '--encoding', encoding, message])
    expect(await second.exit).toEqual(shown)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('of C is read by memlane, writer first', async () => {
    const object = `/${uniqueName('c')}`
    using first = c.first(['--encoding', encoding, object, '256', message])
    await first.line(CREATED)
    using second = memlane.second(['--name', object, '--encoding', encoding])
    expect(await second.exit).toEqual(shown)
    expect(isThere(object)).toBe(true)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(isThere(object)).toBe(false)
  })

  test('of C is read by memlane, reader first', async () => {
    const object = `/${uniqueName('c')}`
    using second = memlane.second(['--name', object, '--encoding', encoding, '--wait', '20000'])
    await setTimeout(HEAD_START_MS)
    using first = c.first(['--encoding', encoding, object, '256', message])
    expect(await second.exit).toEqual(shown)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })
})

test('the C pair works with itself as with memlane', async () => {
  const object = `/${uniqueName('c')}`
  using first = c.first([object])
  await first.line(CREATED)
  using second = c.second([object])
  expect(await second.exit).toMatchObject({ code: 0, signal: null, stdout: 'Message from first process.\n' })
  first.write('x')
  expect(await first.exit).toMatchObject({ code: 0, signal: null })
  using late = c.second([object])
  expect(await late.exit).toMatchObject({ code: 1, stderr: 'Could not open file mapping object (2).\n' })
})

describe('memory that C created', () => {
  test('is written by memlane, and stays when memlane closes it', async () => {
    const object = `/${uniqueName('c')}`
    using creator = c.first([object])
    await creator.line(CREATED)
    using first = memlane.first(['--name', object, 'Written by memlane.'])
    await first.line(MEMLANE_READY)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    using second = c.second([object])
    expect(await second.exit).toMatchObject({ code: 0, signal: null, stdout: 'Written by memlane.\n' })
    creator.end()
    expect(await creator.exit).toMatchObject({ code: 0, signal: null })
    expect(isThere(object)).toBe(false)
  })

  test('stays if its creator does not remove it', async () => {
    const object = `/${uniqueName('c')}`
    using first = c.first(['--keep', object])
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null })
    using second = memlane.second(['--name', object])
    expect(await second.exit).toMatchObject({ code: 0, stdout: 'Message from first process.\n' })
    expect(isThere(object)).toBe(true)
    SharedMemory.unlink(object)
    expect(isThere(object)).toBe(false)
  })

  test('that is too short for memlane is refused', async () => {
    const object = `/${uniqueName('c')}`
    using first = c.first([object, '64'])
    await first.line(CREATED)
    using second = memlane.second(['--name', object])
    const { code, stderr } = await second.exit
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Could not map view of file \(\w+\)\.\n.*256 bytes asked for, 64 bytes there/)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null })
  })
})

describe('memory that memlane created', () => {
  test('is written by C, and stays until memlane closes it', async () => {
    const object = `/${uniqueName('c')}`
    using creator = memlane.first(['--name', object])
    await creator.line(MEMLANE_READY)
    using first = c.first([object, '256', 'Written by C.'])
    await first.line(OPENED)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null })
    using second = memlane.second(['--name', object])
    expect(await second.exit).toMatchObject({ code: 0, stdout: 'Written by C.\n' })
    creator.end()
    expect(await creator.exit).toMatchObject({ code: 0, signal: null })
    expect(isThere(object)).toBe(false)
  })

  test('has exactly the requested length for C', async () => {
    const object = `/${uniqueName('c')}`
    using creator = memlane.first(['--name', object, '--length', '100'])
    await creator.line(MEMLANE_READY)
    using fitting = c.second([object, '100'])
    expect(await fitting.exit).toMatchObject({ code: 0, stdout: 'Message from first process.\n' })
    using longer = c.second([object, '101'])
    expect(await longer.exit).toMatchObject({ code: 1, stderr: 'Could not map view of file (22).\n' })
    creator.end()
    expect(await creator.exit).toMatchObject({ code: 0, signal: null })
  })

  test.each([
    ['Global\\', ''],
    ['Local\\', `.${process.getuid?.()}`],
    ['', `.${process.getuid?.()}`],
  ])('under a name that begins with "%s" is found by C', async (prefix, suffix) => {
    const name = uniqueName('c')
    using first = memlane.first(['--name', prefix + name])
    await first.line(MEMLANE_READY)
    using second = c.second([`/${name}${suffix}`])
    expect(await second.exit).toMatchObject({ code: 0, stdout: 'Message from first process.\n' })
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null })
  })

  test('is gone for C, too, after memlane was killed and another process has tried to open it', async () => {
    const object = `/${uniqueName('c')}`
    using first = memlane.first(['--name', object])
    await first.line(MEMLANE_READY)
    first.kill('SIGKILL')
    expect(await first.exit).toMatchObject({ code: null, signal: 'SIGKILL' })
    using second = memlane.second(['--name', object])
    expect(await second.exit).toMatchObject({ code: 1, signal: null, stdout: '' })
    using late = c.second([object])
    expect(await late.exit).toMatchObject({ code: 1, stderr: 'Could not open file mapping object (2).\n' })
  })
})

test('these tests run only where names are POSIX objects', () => {
  expect(capabilities.namespace).toBe('posix')
})
