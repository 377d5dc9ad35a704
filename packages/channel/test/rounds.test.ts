import { now } from '@memlane/core/internal'
import { describe, expect, it } from 'vitest'
import { noteRound, roundIfDue } from '../src/rounds.js'

/** Uses the CPU, as the handler of a message does. */
function work(ms: number): void {
  const end = now() + ms
  while (now() < end);
}

describe('rounds of the event loop', () => {
  it('come while messages come without a wait', async () => {
    let timer = false
    setTimeout(() => {
      timer = true
    }, 1)
    const start = now()
    while (!timer && now() - start < 5000) await roundIfDue()
    expect(timer).toBe(true)
  })

  it('come rarely while messages are fast', async () => {
    const start = now()
    let rounds = 0
    for (let message = 0; message < 300_000; message++) {
      const round = roundIfDue()
      if (round === undefined) continue
      rounds++
      await round
    }
    expect(rounds).toBeGreaterThan(0)
    expect(rounds).toBeLessThanOrEqual(1 + (now() - start) / 0.5)
  })

  it('do not come when the event loop has just run', () => {
    const enough = 8 // one of so many calls reads the clock
    let attempts = 0
    for (const end = now() + 10_000; attempts < 10 && now() < end; ) {
      work(1) // a round is due
      const start = now()
      noteRound()
      const rounds = Array.from({ length: enough }, () => roundIfDue())
      if (now() - start > 0.4) continue // another process had the CPU
      attempts++
      expect(rounds).toEqual(Array(enough).fill(undefined))
    }
    expect(attempts).toBeGreaterThan(0)
  })

  it('come every few messages, or after each, if messages are slow', async () => {
    let rounds = 0
    for (let message = 0; message < 40; message++) {
      work(1)
      const round = roundIfDue()
      if (round !== undefined) rounds++
      await round
    }
    expect(rounds).toBeGreaterThanOrEqual(40 - 4)
  })
})
