import { describe, expect, it } from 'vitest'
import { addInspection } from '../src/inspection-samples.js'
import { metrics } from '../src/metrics.js'
import { Samples } from '../src/samples.js'
import { Totals } from '../src/totals.js'
import { stream } from './inspections.js'

const RECORD_LENGTH = 24

/** Looks at a stream with one producer of messages of 16 bytes. Returns the totals of messages and of bytes. */
function lookAtBoth(totals: Totals, sent: number, sentBytes = 0, instance = stream.instance) {
  const samples = new Samples()
  const [producer] = stream.producers
  if (producer === undefined) throw new Error('no producer')
  addInspection(samples, totals, { ...stream, instance, producers: [{ ...producer, sent, sentBytes }] })
  return [metrics.sentMessages, metrics.sentBytes].map((metric) => samples.of(metric)[0]?.value)
}

function look(totals: Totals, sent: number, instance = stream.instance) {
  return lookAtBoth(totals, sent, sent * RECORD_LENGTH, instance)[0]
}

describe('a total', () => {
  it('begins with the counter in memory, and grows with it', () => {
    const totals = new Totals()
    expect([10, 10, 25].map((sent) => look(totals, sent))).toEqual([10, 10, 25])
  })

  it('goes on when the counter wraps at 2^32', () => {
    const totals = new Totals()
    const counters = [0xffff_fff0, 5, 0x8000_0000, 4]
    expect(counters.map((sent) => look(totals, sent))).toEqual([
      0xffff_fff0,
      2 ** 32 + 5,
      1.5 * 2 ** 32,
      2 * 2 ** 32 + 4,
    ])
  })

  it('goes on when the memory is created anew, whether it has more or less than before', () => {
    const totals = new Totals()
    expect(look(totals, 100)).toBe(100)
    expect(look(totals, 30, '1'.repeat(32))).toBe(130)
    expect(look(totals, 500, '2'.repeat(32))).toBe(630)
  })

  it('of bytes is exact although the counter has wrapped several times between two looks', () => {
    const totals = new Totals()
    const messages = [400e6, 800e6, 1600e6, 1600e6 + 1]
    const both = messages.map((sent) => {
      const bytes = sent * RECORD_LENGTH + 1000 // and some padding
      return [sent, bytes, ...lookAtBoth(totals, sent, bytes % 2 ** 32)]
    })
    expect(both.map(([sent, bytes]) => [sent, bytes])).toEqual(both.map(([, , sent, bytes]) => [sent, bytes]))
  })

  it('is kept for each producer of each memory', () => {
    const totals = new Totals()
    const next = (name: string, producer: string, counter: number) =>
      totals.next(metrics.sentMessages, { name, shape: 'stream', producer }, stream.instance, counter).total
    expect(next('a', '0', 0xffff_ffff)).toBe(0xffff_ffff)
    expect([next('a', '1', 1), next('b', '0', 2), next('a', '0', 0)]).toEqual([1, 2, 2 ** 32])
  })
})
