import { setTimeout } from 'node:timers/promises'
import { spawnFixture } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { TimedClock } from '../fixtures/timed-clock.js'

/** Milliseconds. Rounding of clocks, and their drift until they are measured again. */
const ROUNDING_MS = 0.1

describe('the steady clock', () => {
  const clock = new TimedClock()

  it('counts milliseconds', async () => {
    const outerStart = performance.now()
    const before = clock.now()
    const innerStart = performance.now()
    await setTimeout(30)
    const innerEnd = performance.now()
    const counted = clock.now() - before
    const outerEnd = performance.now()
    expect(counted).toBeGreaterThanOrEqual(innerEnd - innerStart - clock.errorMs - ROUNDING_MS)
    expect(counted).toBeLessThanOrEqual(outerEnd - outerStart + clock.errorMs + ROUNDING_MS)
  })

  it('shows the same time in another process, which started later', async () => {
    using child = spawnFixture(new URL('../fixtures/steady-clock.child.ts', import.meta.url))
    child.write('\n')
    const [first] = timesOf(await child.line(/^[\d.]+ [\d.e-]+$/))
    const between = clock.now()
    child.write('\n')
    child.end()
    const { code, signal, stdout } = await child.exit
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    const [second, errorMs] = timesOf(stdout.trim().split('\n')[1])
    expect(first).toBeLessThanOrEqual(between + clock.errorMs + ROUNDING_MS)
    expect(between).toBeLessThanOrEqual(second + errorMs + ROUNDING_MS)
  })
})

/** The time and the bound of its error, in a line of the child. */
function timesOf(line = ''): readonly [number, number] {
  const [time, errorMs] = line.split(' ').map(Number)
  return [time ?? Number.NaN, errorMs ?? Number.NaN]
}
