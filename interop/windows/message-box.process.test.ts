import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { uniqueName } from '@memlane/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { c, memlane, pressingButton } from '../src/windows-programs.js'

// Each test waits for a window titled Process2 and presses its button. Without that window, no program ends with 0.

let folder: string
const picture = () => path.join(folder, 'box.png')

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'memlane-box-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test.each([
  ['ansi', 'latin1'],
  ['unicode', 'utf16le'],
] as const)(
  'memlane shows what the %s build of the first C program wrote, in a real message box',
  async (build, encoding) => {
    const name = `Global\\${uniqueName('box')}`
    using first = c[build].first([name])
    await first.line('Ready (created).')
    using box = memlane.second(['--name', name, '--encoding', encoding], pressingButton('Process2', picture()))
    expect(await box.exit).toMatchObject({ code: 0, signal: null, stdout: '' })
    expect(statSync(picture()).size).toBeGreaterThan(0)
    first.end()
    expect(await first.exit).toMatchObject({ code: 0, signal: null })
  },
)

test.each([
  ['ansi', 'latin1'],
  ['unicode', 'utf16le'],
] as const)('the %s build of the second C program shows what memlane wrote', async (build, encoding) => {
  const name = `Global\\${uniqueName('box')}`
  using first = memlane.first(['--name', name, '--encoding', encoding])
  await first.line('Press any key to end.')
  using box = c[build].second([name], pressingButton('Process2', picture()))
  expect(await box.exit).toMatchObject({ code: 0, signal: null })
  first.end()
  expect(await first.exit).toMatchObject({ code: 0, signal: null })
})
