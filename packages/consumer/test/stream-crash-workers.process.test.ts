import { spawnFixture, uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { describe, expect, it } from 'vitest'

const run = (name: string, ...args: string[]) => {
  const fixture = new URL('../fixtures/stream-workers.child.ts', import.meta.url)
  return spawnFixture(fixture, [name, ...args], { timeoutMs: 100_000 }).exit
}

describe('a worker thread', { timeout: 120_000 }, () => {
  it('that is terminated while it sends or receives leaves a stream that works as before', async () => {
    const name = uniqueName('memlane')
    const { code, signal, stdout, stderr } = await run(name, '2')
    expect([code, signal, stderr]).toEqual([0, null, ''])
    expect(JSON.parse(stdout)).toEqual({ lane: 1, consumers: 2 })
    expect(leftovers(name)).toEqual([])
  })

  it('that waits does not keep its process from ending', async () => {
    const name = uniqueName('memlane')
    const { code, signal, stderr } = await run(name, '0', 'exit')
    expect([code, signal, stderr]).toEqual([7, null, ''])
    expect(leftovers(name)).toEqual([])
  })
})
