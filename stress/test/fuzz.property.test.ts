import { expect, it } from 'vitest'
import { runSupervised } from '../src/fuzz/supervised.js'

const CASES = 20_000

it('any bytes are read and written, or refused with a LayoutError', { timeout: 120_000 }, async () => {
  const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fff_ffff))
  console.log(`MEMLANE_SEED=${seed}`)
  const { failures, refused, messages } = await runSupervised(CASES, seed)
  expect(failures).toEqual([])
  expect(Math.min(refused, messages)).toBeGreaterThan(CASES / 5)
})
