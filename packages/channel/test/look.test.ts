import { now } from '@memlane/core/internal'
import { describe, expect, it } from 'vitest'
import { lookFor } from '../src/look.js'

const condition = (isThere: () => boolean) => ({ isThere, watchPeers: () => false })

describe('a look', () => {
  it('ends when the condition is true', () => {
    let checks = 0
    const third = condition(() => ++checks === 3)
    expect(lookFor(third, 10_000)).toBe(0)
    expect(checks).toBe(3)
  })

  it('tells how long it took', () => {
    const start = now()
    let first: number | undefined
    const later = condition(() => {
      first ??= now()
      return now() - first >= 5
    })
    const took = lookFor(later, 10_000)
    expect(took).toBeGreaterThan(4)
    expect(took).toBeLessThanOrEqual(now() - start)
  })

  it('lasts at least as long as its limit', () => {
    const start = now()
    const never = condition(() => false)
    expect(lookFor(never, 5)).toBe(Infinity)
    expect(now() - start).toBeGreaterThanOrEqual(5)
  })

  it('calls a quick check again and again, and the whole check once at the end', () => {
    const calls = { quick: 0, whole: 0 }
    const quick = {
      isThere: () => {
        calls.quick++
        return false
      },
    }
    const whole = condition(() => {
      calls.whole++
      return true
    })
    expect(lookFor({ ...whole, quick }, 5)).toBe(5)
    expect(calls.quick).toBeGreaterThan(10)
    expect(calls.whole).toBe(1)
  })

  it('ends when a quick check finds the condition true', () => {
    const never = condition(() => false)
    expect(lookFor({ ...never, quick: { isThere: () => true } }, 10_000)).toBe(0)
  })
})
