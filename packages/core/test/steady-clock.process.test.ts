import { setTimeout } from 'node:timers/promises'
import { spawnFixture } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { steadyNow } from '../src/internal.js'

describe('the steady clock', () => {
  it('counts milliseconds', async () => {
    const before = steadyNow()
    await setTimeout(30)
    expect(steadyNow() - before).toBeGreaterThanOrEqual(29)
  })

  it('shows the same time in another process, which started later', async () => {
    using child = spawnFixture(new URL('../fixtures/steady-clock.child.ts', import.meta.url))
    child.write('\n')
    const first = Number(await child.line(/^[\d.]+$/))
    const between = steadyNow()
    child.write('\n')
    child.end()
    const { code, signal, stdout } = await child.exit
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    const second = Number(stdout.trim().split('\n')[1])
    expect(first).toBeLessThanOrEqual(between + 0.1)
    expect(between).toBeLessThanOrEqual(second + 0.1)
  })
})
