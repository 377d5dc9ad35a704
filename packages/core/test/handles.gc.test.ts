import { spawnFixture, uniqueName } from '@memlane/testing'
import { EXPOSE_GC } from '@memlane/testing/garbage'
import { describe, expect, it } from 'vitest'
import { capabilities } from '../src/index.js'

async function run(fixture: string, ...args: string[]) {
  const child = spawnFixture(new URL(`../fixtures/${fixture}.child.ts`, import.meta.url), args, {
    env: EXPOSE_GC,
    timeoutMs: 60_000,
  })
  const { code, signal, stdout, stderr } = await child.exit
  expect([code, signal, stderr]).toEqual([0, null, ''])
  return JSON.parse(stdout)
}

describe('handles that are never closed', () => {
  it('give back their memory, mappings and descriptors when they are collected', async () => {
    const { before, most, after } = await run('dropper', uniqueName('memlane'), '2000')
    expect(most).toBeGreaterThan(0)
    // No more descriptors than before. Fewer is fine: the runtime may have closed one of its own.
    expect(after).toEqual({ ...before, descriptors: expect.any(Number) })
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors)
  })

  it('keep their memory mapped as long as one view of it is in use', async () => {
    const result = await run('keeper', uniqueName('memlane'))
    expect(result).toEqual({ kept: { there: true, value: 7 }, dropped: { there: false } })
  })

  it('are closed at the end of their worker thread, however it ends, in 100 workers', async () => {
    const result = await run('workers', uniqueName('memlane'), '100')
    const holders = capabilities.tellsHolders ? { holders: 1 } : {}
    expect(result).toEqual({ written: true, left: [], ...holders })
  })

  it('are closed by workers that are terminated in the middle of a call, 100 times', async () => {
    expect(await run('terminated-workers', uniqueName('memlane'), '100')).toEqual({ left: [] })
  })
})
