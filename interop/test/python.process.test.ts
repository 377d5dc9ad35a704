import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { SharedMemory } from '@memlane/core'
import { uniqueName } from '@memlane/testing'
import { hasPython } from '@memlane/testing/python'
import { describe, expect, test } from 'vitest'
import { HEAD_START_MS, memlane, python } from '../src/programs.js'

const MEMLANE_READY = 'Press any key to end.'
const CREATED = 'Ready (created).'

const codecs = [
  ['utf16le', 'utf-16-le', 'Grüße 日本 🎮'],
  ['utf8', 'utf-8', 'Grüße 日本 🎮'],
  ['latin1', 'latin-1', 'Grüße'],
  ['utf32le', 'utf-32-le', 'Grüße 日本 🎮'],
] as const

/** Looked up in the folder: a list would remove files that were left behind. */
const isThere = (object: string) => existsSync(`/dev/shm${object}`)

describe.skipIf(!hasPython).each(codecs)('%s text', (encoding, codec, message) => {
  const shown = { code: 0, signal: null, stdout: `${message}\n`, stderr: '' }

  test('of memlane is read by Python, writer first', async () => {
    const name = uniqueName('python')
    using first = memlane.first(['--name', `/${name}`, '--encoding', encoding, message])
    await first.line(MEMLANE_READY)
    using second = python.second(['--encoding', codec, name])
    expect(await second.exit).toEqual(shown)
    expect(isThere(`/${name}`)).toBe(true)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(isThere(`/${name}`)).toBe(false)
  })

  test('of memlane is read by Python, reader first', async () => {
    const name = uniqueName('python')
    using second = python.second(['--encoding', codec, '--wait', '20000', name])
    await setTimeout(HEAD_START_MS)
    using first = memlane.first(['--name', `/${name}`, '--encoding', encoding, message])
    expect(await second.exit).toEqual(shown)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('of Python is read by memlane, writer first', async () => {
    const name = uniqueName('python')
    using first = python.first(['--encoding', codec, name, '256', message])
    await first.line(CREATED)
    using second = memlane.second(['--name', `/${name}`, '--encoding', encoding])
    expect(await second.exit).toEqual(shown)
    expect(isThere(`/${name}`)).toBe(true)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(isThere(`/${name}`)).toBe(false)
  })

  test('of Python is read by memlane, reader first', async () => {
    const name = uniqueName('python')
    using second = memlane.second(['--name', `/${name}`, '--encoding', encoding, '--wait', '20000'])
    await setTimeout(HEAD_START_MS)
    using first = python.first(['--encoding', codec, name, '256', message])
    expect(await second.exit).toEqual(shown)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })
})

test.skipIf(!hasPython)(
  'memory that Python made and left is never removed by memlane, whoever closes it last',
  async () => {
    const name = uniqueName('python')
    using python1 = python.first(['--keep', name])
    python1.end()
    expect(await python1.exit).toMatchObject({ code: 0, signal: null, stderr: '' })

    for (const role of [memlane.first, memlane.second]) {
      using child = role(['--name', `/${name}`])
      child.end()
      expect(await child.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
      expect(isThere(`/${name}`)).toBe(true)
    }
    using killed = memlane.first(['--name', `/${name}`])
    await killed.line(MEMLANE_READY)
    killed.kill('SIGKILL')
    expect(await killed.exit).toMatchObject({ code: null, signal: 'SIGKILL' })
    SharedMemory.open(`/${name}`).close()
    expect(isThere(`/${name}`)).toBe(true)

    using late = python.second([name])
    expect(await late.exit).toMatchObject({ code: 0, stdout: 'Message from first process.\n', stderr: '' })
    SharedMemory.unlink(`/${name}`)
    expect(isThere(`/${name}`)).toBe(false)
  },
)

test.skipIf(!hasPython)('memory whose name Python removed while memlane holds it stays usable', async () => {
  const name = uniqueName('python')
  using first = python.first([name])
  await first.line(CREATED)
  using memory = SharedMemory.open(`/${name}`)
  first.end()
  expect(await first.exit).toMatchObject({ code: 0, signal: null })
  expect(isThere(`/${name}`)).toBe(false)
  expect(Buffer.from(memory.bytes.subarray(0, 14)).toString('utf16le')).toBe('Message')
})

test.skipIf(!hasPython)('Python gets an error if it creates a name that memlane holds', async () => {
  const name = uniqueName('python')
  using _memory = SharedMemory.create(`/${name}`, 256)
  using first = python.first([name])
  expect(await first.exit).toMatchObject({ code: 1, stderr: 'Could not create file mapping object (17).\n' })
})
