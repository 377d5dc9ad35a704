import { now } from '@memlane/core/internal'
import { describe, expect, it } from 'vitest'
import { Rounds } from '../src/rounds.js'

describe('rounds of the event loop', () => {
  it('come while messages come without a wait', async () => {
    const rounds = new Rounds()
    let timer = false
    setTimeout(() => {
      timer = true
    }, 1)
    while (!timer) await rounds.after(1)
  })

  it('come rarely', async () => {
    const rounds = new Rounds()
    const start = now()
    let count = 0
    for (let message = 0; message < 100_000; message++) {
      const round = rounds.after(1)
      if (round === undefined) continue
      count++
      await round
    }
    expect(count).toBeLessThanOrEqual(1 + (now() - start) / 0.5)
  })

  it('are shared by all that a thread sends and receives', async () => {
    const sent = new Rounds()
    const received = new Rounds()
    const start = now()
    let count = 0
    for (let message = 0; message < 100_000; message++) {
      for (const rounds of [sent, received]) {
        const round = rounds.after(1)
        if (round === undefined) continue
        count++
        await round
      }
    }
    expect(count).toBeLessThanOrEqual(1 + (now() - start) / 0.5)
  })
})
