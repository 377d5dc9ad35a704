import { expect, it } from 'vitest'
import { playCase } from '../src/fuzz/cases.js'

const CASES = 20_000

it('whatever the bytes, they are read and written, or refused with a LayoutError', { timeout: 120_000 }, () => {
  const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fff_ffff))
  console.log(`MEMLANE_SEED=${seed}`)
  const outcomes = { refused: 0, messages: 0 }
  const failures: string[] = []
  for (let index = 0; index < CASES && failures.length < 3; index++) {
    const failure = playCase(seed, index, outcomes)
    if (failure !== undefined) failures.push(failure)
  }
  expect(failures).toEqual([])
  expect(Math.min(outcomes.refused, outcomes.messages)).toBeGreaterThan(CASES / 5)
})
