import type { Inspection } from '@memlane/inspect'
import { describe, expect, it } from 'vitest'
import { addInspection } from '../src/inspection-samples.js'
import type { Metric } from '../src/metric.js'
import { metrics } from '../src/metrics.js'
import { Samples } from '../src/samples.js'
import { Totals } from '../src/totals.js'
import { latest, stream } from './inspections.js'

function samplesOf(inspection: Inspection, metric: Metric) {
  const samples = new Samples()
  addInspection(samples, new Totals(), inspection)
  return samples.of(metric).map(({ labels, value }) => [...Object.values(labels).slice(2), value])
}

describe('the samples of a memory', () => {
  it('count findings by code and severity', () => {
    const finding = { message: '', participant: undefined, waitsFor: [] }
    const findings = [
      { ...finding, code: 'BLOCKED_PRODUCER', severity: 'error' },
      { ...finding, code: 'DEAD_PARTICIPANT', severity: 'warning' },
      { ...finding, code: 'BLOCKED_PRODUCER', severity: 'error' },
    ] as const
    expect(samplesOf({ ...stream, findings }, metrics.findings)).toEqual([
      ['BLOCKED_PRODUCER', 'error', 2],
      ['DEAD_PARTICIPANT', 'warning', 1],
    ])
    expect(samplesOf(stream, metrics.findings)).toEqual([])
  })

  it('count the living and the dead, and not those that have closed their place', () => {
    const [producer] = stream.producers
    if (producer === undefined) throw new Error('no producer')
    const states = ['alive', 'alive', 'closed', 'died'] as const
    const producers = states.map((state, slot) => ({ ...producer, slot, state }))
    expect(samplesOf({ ...stream, producers }, metrics.participants)).toEqual([
      ['producer', 'alive', 2],
      ['producer', 'died', 1],
      ['consumer', 'alive', 0],
      ['consumer', 'died', 0],
    ])
    expect(samplesOf({ ...stream, producers }, metrics.sentMessages)).toHaveLength(4)
  })

  it('have no value for what the memory does not tell', () => {
    const consumer = {
      slot: 3,
      state: 'alive',
      asleep: false,
      pid: undefined,
      command: undefined,
      stopped: undefined,
      ready: true,
      lagBytes: 64,
      lagMessages: undefined,
      lanes: [],
    } as const
    const lagging = { ...stream, consumers: [consumer] }
    expect(samplesOf(lagging, metrics.lagBytes)).toEqual([['3', 64]])
    expect(samplesOf(lagging, metrics.lagMessages)).toEqual([])
  })

  it('have keys as text, and seconds', () => {
    const key = { valueLength: 8, capacity: 8, cellLength: 64 }
    const keys = [
      { ...key, key: 'speed', version: 7, ageMs: 1500 },
      { ...key, key: 'half \ud800', version: 0, ageMs: undefined },
    ]
    expect(samplesOf({ ...latest, keys }, metrics.setValues)).toEqual([
      ['speed', 7],
      ['half \ufffd', 0],
    ])
    expect(samplesOf({ ...latest, keys }, metrics.valueAge)).toEqual([['speed', 1.5]])
  })
})
