import { now } from '@memlane/core/internal'
import { describe, expect, it } from 'vitest'
import { LookBudget } from '../src/look-budget.js'

const SUCCESS = 10

/** Asks a budget for looks. A look checks the condition many times, a wait without a look checks it once. */
class Looker {
  readonly budget = new LookBudget()

  /** Begins a wait. True if it began with a look. */
  wait(comes: boolean): boolean {
    let checks = 0
    this.budget.look({ isThere: () => ++checks === SUCCESS && comes, watchPeers: () => false })
    return checks > 1
  }

  /** How many waits of a number of waits began with a look. */
  count(waits: number, comes: boolean): number {
    let looks = 0
    for (let wait = 0; wait < waits; wait++) if (this.wait(comes)) looks++
    return looks
  }
}

describe('the budget of looks', () => {
  it('looks at each wait while looks succeed', () => {
    expect(new Looker().count(1000, true)).toBe(1000)
  })

  it('looks at each wait while at least half of the looks succeed', () => {
    const looker = new Looker()
    for (let wait = 0; wait < 1000; wait++) expect(looker.wait(wait % 2 === 0)).toBe(true)
  })

  it('stops looking when looks fail, and tries rarely', () => {
    const looker = new Looker()
    expect(looker.count(64, false)).toBe(64)
    expect(looker.count(7, false)).toBe(0)
    expect(looker.wait(false)).toBe(true)
    expect(looker.count(15, false)).toBe(0)
    expect(looker.wait(false)).toBe(true)
    looker.count(5000, false)
    expect(looker.count(10_240, false)).toBe(10)
  })

  it('looks again after a trial that succeeds', () => {
    const looker = new Looker()
    looker.count(10_000, false)
    let waits = 1
    while (!looker.wait(true)) waits++
    expect(waits).toBeLessThanOrEqual(1024)
    expect(looker.count(100, true)).toBe(100)
  })

  it('learns nothing from a condition that is there already', () => {
    const looker = new Looker()
    expect(looker.count(60, false)).toBe(60)
    for (let wait = 0; wait < 1000; wait++) looker.budget.look({ isThere: () => true, watchPeers: () => false })
    expect(looker.count(12, false)).toBe(4 + 1)
  })

  it('counts a look as failed if it took too long', () => {
    const looker = new Looker()
    /** Becomes true at a check that itself takes longer than a look: as if another process had used the CPU. */
    const late = () => {
      let checks = 0
      const isThere = () => {
        if (++checks < 70) return false
        const end = now() + 0.1
        while (now() < end);
        return true
      }
      return { isThere, watchPeers: () => false }
    }
    for (let wait = 0; wait < 64; wait++) expect(looker.budget.look(late())).toBe(true)
    expect(looker.wait(true)).toBe(false)
  })

  it('returns what it found', () => {
    const budget = new LookBudget()
    expect(budget.look({ isThere: () => true, watchPeers: () => false })).toBe(true)
    for (let wait = 0; wait < 100; wait++) {
      expect(budget.look({ isThere: () => false, watchPeers: () => false })).toBe(false)
    }
    expect(budget.look({ isThere: () => true, watchPeers: () => false })).toBe(true)
  })
})
