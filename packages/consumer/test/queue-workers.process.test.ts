import { spawnFixture, uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'

it('a terminated worker thread leaves its messages to the other consumers of a queue', async () => {
  const fixture = new URL('../fixtures/queue-workers.child.ts', import.meta.url)
  const child = spawnFixture(fixture, [uniqueName('memlane'), '12'], { timeoutMs: 60_000 })
  const { code, signal, stdout, stderr } = await child.exit
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(stdout).toBe('3600 sent, 0 left\n')
})
