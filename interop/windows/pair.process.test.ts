import { setTimeout } from 'node:timers/promises'
import { uniqueName } from '@memlane/testing'
import { describe, expect, test } from 'vitest'
import { c, HEAD_START_MS, memlane } from '../src/windows-programs.js'

const MEMLANE_READY = 'Press any key to end.'
const CREATED = 'Ready (created).'
const OPENED = 'Ready (opened).'

const builds = [
  ['ansi', 'latin1', 'Grüße'],
  ['unicode', 'utf16le', 'Grüße 日本 🎮'],
] as const

describe.each(builds)('the %s build of the C pair', (build, encoding, message) => {
  const encoded = ['--encoding', encoding]
  const reading = ['--show', 'terminal', ...encoded]

  test('reads what memlane writes, writer first', async () => {
    const name = `Global\\${uniqueName('pair')}`
    using first = memlane.first(['--name', name, ...encoded, message])
    await first.line(MEMLANE_READY)
    using second = c[build].second(['--terminal', name])
    expect(await second.exit).toMatchObject({ code: 0, signal: null, stdout: `${message}\r\n`, stderr: '' })
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    using late = c[build].second(['--terminal', name])
    expect(await late.exit).toMatchObject({ code: 1, stderr: 'Could not open file mapping object (2).\r\n' })
  })

  test('reads what memlane writes, reader first', async () => {
    const name = `Global\\${uniqueName('pair')}`
    using second = c[build].second(['--terminal', '--wait', '25000', name])
    await setTimeout(HEAD_START_MS)
    using first = memlane.first(['--name', name, ...encoded, message])
    expect(await second.exit).toMatchObject({ code: 0, signal: null, stdout: `${message}\r\n`, stderr: '' })
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('writes what memlane reads, writer first', async () => {
    const name = `Global\\${uniqueName('pair')}`
    using first = c[build].first([name, '256', message])
    await first.line(CREATED)
    using second = memlane.second(['--name', name, ...reading])
    expect(await second.exit).toMatchObject({ code: 0, signal: null, stdout: `${message}\n`, stderr: '' })
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    using late = memlane.second(['--name', name, ...reading])
    const { code, stderr } = await late.exit
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Could not open file mapping object \(2\)\.\r?\n.+\r?\n$/)
  })

  test('writes what memlane reads, reader first', async () => {
    const name = `Global\\${uniqueName('pair')}`
    using second = memlane.second(['--name', name, ...reading, '--wait', '25000'])
    await setTimeout(HEAD_START_MS)
    using first = c[build].first([name, '256', message])
    expect(await second.exit).toMatchObject({ code: 0, signal: null, stdout: `${message}\n`, stderr: '' })
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('and memlane each keep memory alive that the other created', async () => {
    const name = `Global\\${uniqueName('pair')}`
    using creator = c[build].first([name, '256', message])
    await creator.line(CREATED)
    using holder = memlane.first(['--name', name, ...encoded, 'Held.'])
    await holder.line(MEMLANE_READY)
    creator.end()
    expect(await creator.exit).toMatchObject({ code: 0, signal: null })

    using again = c[build].first([name, '256', 'Held again.'])
    await again.line(OPENED)
    holder.end()
    expect(await holder.exit).toMatchObject({ code: 0, signal: null })

    using second = memlane.second(['--name', name, ...reading])
    expect(await second.exit).toMatchObject({ code: 0, stdout: 'Held again.\n' })
  })
})

test.each([
  ['Local\\', ''],
  ['', 'Local\\'],
  ['', ''],
])('memlane\'s "%sX" is the "%sX" of C', async (memlanePrefix, cPrefix) => {
  const name = uniqueName('pair')
  using first = memlane.first(['--name', memlanePrefix + name])
  await first.line(MEMLANE_READY)
  using second = c.unicode.second(['--terminal', cPrefix + name])
  expect(await second.exit).toMatchObject({ code: 0, stdout: 'Message from first process.\r\n' })
})

test('the pair of memlane has the defaults of the pair of C', async () => {
  using first = memlane.first([])
  await first.line('Wrote "Message from first process." to Global\\MyFileMappingObject (256 bytes, utf16le).')
  await first.line(MEMLANE_READY)
  using theirs = c.unicode.second(['--terminal'])
  expect(await theirs.exit).toMatchObject({ code: 0, stdout: 'Message from first process.\r\n' })
  using ours = memlane.second(['--show', 'terminal'])
  expect(await ours.exit).toMatchObject({ code: 0, stdout: 'Message from first process.\n' })
})

test('memlane and C report that memory cannot be mapped beyond its end', async () => {
  const name = `Global\\${uniqueName('pair')}`
  using creator = c.unicode.first([name])
  await creator.line(CREATED)
  using theirs = c.unicode.second(['--terminal', name, '65536'])
  const sentence = /^Could not map view of file \(5\)\.\r?\n/
  expect((await theirs.exit).stderr).toMatch(sentence)
  using ours = memlane.second(['--name', name, '--length', '65536', '--show', 'terminal'])
  const { code, stderr } = await ours.exit
  expect(code).toBe(1)
  expect(stderr).toMatch(/^Could not map view of file \(\w+\)\.\r?\n.+\r?\n$/)
})
