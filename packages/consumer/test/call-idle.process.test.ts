import { spawnFixture, uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'

it('a client whose waits have been given up does not keep its process running', async () => {
  const fixture = new URL('../fixtures/call-idle.child.ts', import.meta.url)
  const child = spawnFixture(fixture, [uniqueName('memlane')], { timeoutMs: 10_000 })
  const { code, signal, stdout, stderr } = await child.exit
  expect({ code, signal, stdout, stderr }).toEqual({
    code: 0,
    signal: null,
    stdout: 'AbortError\nAbortError\n',
    stderr: '',
  })
})
