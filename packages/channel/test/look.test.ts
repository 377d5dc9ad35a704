import { now } from '@memlane/core/internal'
import { describe, expect, it } from 'vitest'
import { lookFor } from '../src/look.js'

const condition = (isThere: () => boolean) => ({ isThere, watchPeers: () => false })

describe('a look', () => {
  it('ends when the condition is true', () => {
    let looks = 0
    expect(
      lookFor(
        condition(() => ++looks === 3),
        10_000,
      ),
    ).toBe(true)
    expect(looks).toBe(3)
  })

  it('lasts at least as long as its limit', () => {
    const start = now()
    expect(
      lookFor(
        condition(() => false),
        5,
      ),
    ).toBe(false)
    expect(now() - start).toBeGreaterThanOrEqual(5)
  })
})
