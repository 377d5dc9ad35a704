import { spawnFixture, uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'

it('streams wait in a context without Symbol.dispose, as in jest', async () => {
  const fixture = new URL('../fixtures/vm-context.child.ts', import.meta.url)
  const env = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' }
  using child = spawnFixture(fixture, [uniqueName('context')], { env })
  const { code, signal, stdout, stderr } = await child.exit
  const hasDispose = Number(process.versions.node.split('.')[0]) >= 24
  const results = ['adaptive', 'park', 'spin'].map((strategy) => `${strategy} ${hasDispose} undefined 7\n`)
  expect({ code, signal, stdout, stderr }).toEqual({ code: 0, signal: null, stdout: results.join(''), stderr: '' })
})
