import { spawnChild } from '@memlane/testing'
import { expect, it } from 'vitest'
import { readPage, root } from './pages.js'

it('the demo prints what README shows, under a name that needs no privilege on Windows', async () => {
  const [, shown = ''] = readPage('README.md').match(/```console\n(\$ first-process\n[\s\S]*?)```/) ?? []
  expect(shown).toContain(' to Local\\')
  using demo = spawnChild(process.execPath, ['scripts/demo.mjs'], { cwd: root, group: true, timeoutMs: 50_000 })
  expect(await demo.exit).toEqual({ code: 0, signal: null, stdout: shown, stderr: '' })
})
