import { createStream } from '@memlane/producer'
import { f64 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import parse from 'parse-prometheus-text-format'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { metrics } from '../src/metrics.js'
import { registerMetrics } from '../src/prometheus.js'
import { expected } from './expected-figures.js'
import { createMemories } from './memories.js'

type Families = ReturnType<typeof parse>

function valuesOf(families: Families, metric: string, labels: Record<string, string>): number[] {
  const samples = families.find(({ name }) => name === metric)?.metrics ?? []
  return samples
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels?.[label] === value))
    .map(({ value }) => Number(value))
}

describe('a registry of prom-client', () => {
  it('has the figures of memory of every shape', async () => {
    await using memories = await createMemories()
    const registry = new Registry()
    registerMetrics(registry, { names: [`${memories.name}-*`] })
    const families = parse(await registry.metrics())
    const found = expected.map(([metric, shape, labels]) => {
      const values = valuesOf(families, metric, { name: `${memories.name}-${shape}`, shape, ...labels })
      return [metric, shape, labels, ...values]
    })
    expect(found).toEqual(expected)
    const named = families.flatMap(({ metrics }) => metrics.flatMap(({ labels }) => labels?.name ?? []))
    expect(named.filter((name) => !name.startsWith(`${memories.name}-`))).toEqual([])
    expect(valuesOf(families, 'memlane_value_age_seconds', {})).toEqual([expect.any(Number)])
    expect(valuesOf(families, 'memlane_scrape_errors_total', {})).toEqual([0])
    expect(families.map(({ name }) => name).sort()).toEqual(
      Object.values(metrics)
        .map(({ name }) => name)
        .sort(),
    )
  })

  it('reads memory at each collection, and again when memory was created anew', async () => {
    const name = uniqueName('metrics')
    const registry = new Registry()
    registerMetrics(registry, { names: [name] })
    const sent = async () => valuesOf(parse(await registry.metrics()), 'memlane_sent_messages_total', {})
    expect(await sent()).toEqual([])
    for (const total of [2, 4]) {
      using writer = createStream(name, f64)
      writer.trySendBatch([1, 2])
      expect(await sent()).toEqual([total])
    }
    expect(await sent()).toEqual([])
  })

  it('escapes names that other programs have made up', async () => {
    const name = `${uniqueName('metrics')} "q",shape="x"}\u001b\u202e é`
    using _writer = createStream(name, f64)
    const registry = new Registry()
    registerMetrics(registry, { names: [name] })
    const label = name.replaceAll(/\p{Cc}|\p{Cf}/gu, '\ufffd')
    expect(
      valuesOf(parse(await registry.metrics()), 'memlane_lane_bytes', { name: label, shape: 'stream' }),
    ).toHaveLength(1)
  })

  it('refuses options that it does not know', () => {
    const registry = new Registry()
    expect(() => registerMetrics(registry, { name: 'x' } as object)).toThrow(/name.*names/)
    expect(() => registerMetrics(registry, { names: 'x' as never })).toThrow(
      'names must be an array of strings, not "x"',
    )
    expect(registry.getMetricsAsArray()).toEqual([])
  })
})
