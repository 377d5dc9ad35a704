import { expect, it } from 'vitest'
import { fuzzBytes } from '../src/fuzz.js'

it('a stream with any bytes in it is read and written, or refused with a LayoutError', () => {
  const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fff_ffff))
  console.log(`MEMLANE_SEED=${seed}`)
  const report = fuzzBytes(10_000, seed)
  expect(report.failures).toEqual([])
  expect(Math.min(report.refused, report.messages)).toBeGreaterThan(1000)
})
