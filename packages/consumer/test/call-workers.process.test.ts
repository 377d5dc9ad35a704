import { spawnFixture, uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'

it('a terminated worker thread that serves or calls leaves no call of others unsettled', async () => {
  const fixture = new URL('../fixtures/call-workers.child.ts', import.meta.url)
  const child = spawnFixture(fixture, [uniqueName('memlane'), '12'], { timeoutMs: 60_000 })
  const { code, signal, stdout, stderr } = await child.exit
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(stdout).toBe('3600 calls settled\n')
})
