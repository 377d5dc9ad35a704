import { spawnFixture } from '@memlane/testing'
import { EXPOSE_GC } from '@memlane/testing/garbage'
import { describe, expect, it } from 'vitest'

describe('bytes of any length in place', () => {
  it('are written and read without allocating anything per message', async () => {
    const child = spawnFixture(new URL('../fixtures/bytes-in-place.child.ts', import.meta.url), [], {
      env: EXPOSE_GC,
      timeoutMs: 60_000,
    })
    const { code, signal, stdout, stderr } = await child.exit
    expect([code, signal, stderr]).toEqual([0, null, ''])
    const { growth, messages } = JSON.parse(stdout)
    // The smallest object has 16 bytes.
    expect(growth / messages).toBeLessThan(8)
  })
})
