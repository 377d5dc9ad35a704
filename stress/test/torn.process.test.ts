import { expect, it } from 'vitest'
import { readTorn } from '../src/torn.js'

/** `npm run stress -- torn` reads a billion times. */
const READS = 20_000_000

it('no read of a latest is torn while its writer sets values at full rate', { timeout: 120_000 }, async () => {
  const report = await readTorn(READS)
  console.log(JSON.stringify(report))
  expect(report.torn).toBe(0)
  expect(report.values).toBeGreaterThan(READS / 1000)
})
