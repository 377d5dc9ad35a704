import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from 'vitest'
import { metrics } from '../src/metrics.js'
import { observeMetrics } from '../src/opentelemetry.js'
import { expected } from './expected-figures.js'
import { createMemories } from './memories.js'

const HOUR_MS = 3_600_000

/** A meter, and all that was collected of it at this moment. */
function createMeter(temporality: AggregationTemporality) {
  const exporter = new InMemoryMetricExporter(temporality)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: HOUR_MS })
  const provider = new MeterProvider({ readers: [reader] })
  return {
    meter: provider.getMeter('test'),
    async collect() {
      exporter.reset()
      await reader.forceFlush()
      return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  }
}

type Collected = Awaited<ReturnType<ReturnType<typeof createMeter>['collect']>>

function valuesOf(collected: Collected, metric: string, attributes: Record<string, string>) {
  const points = collected.find(({ descriptor }) => descriptor.name === metric)?.dataPoints ?? []
  return points
    .filter((point) => Object.entries(attributes).every(([name, value]) => point.attributes[name] === value))
    .map(({ value }) => value)
}

describe('a meter of OpenTelemetry', () => {
  it('has the figures of memory of every shape, with the attributes of the conventions for messaging', async () => {
    await using memories = await createMemories()
    await using provider = createMeter(AggregationTemporality.CUMULATIVE)
    using _observer = observeMetrics(provider.meter, { names: [`${memories.name}-*`] })
    const collected = await provider.collect()
    const found = expected.map(([name, shape, labels]) => {
      const metric = Object.values(metrics).find((metric) => metric.name === name)
      const attributes: Record<string, string> = {
        'messaging.system': 'memlane',
        'messaging.destination.name': `${memories.name}-${shape}`,
        'memlane.shape': shape,
      }
      for (const [label, value] of Object.entries(labels)) attributes[`memlane.${label}`] = value
      return [name, shape, labels, ...valuesOf(collected, metric?.openTelemetryName ?? '', attributes)]
    })
    expect(found).toEqual(expected)
    expect(valuesOf(collected, 'messaging.client.sent.messages', { 'messaging.operation.name': 'send' })).toHaveLength(
      2,
    )
    expect(collected.find(({ descriptor }) => descriptor.name === 'memlane.lag.size')?.descriptor).toMatchObject({
      unit: 'By',
    })
  })

  it('gets differences from its SDK, and nothing more once the observer is closed', async () => {
    await using memories = await createMemories()
    await using provider = createMeter(AggregationTemporality.DELTA)
    const observer = observeMetrics(provider.meter, { names: [`${memories.name}-stream`] })
    const sent = async () => valuesOf(await provider.collect(), 'messaging.client.sent.messages', {})
    expect(await sent()).toEqual([3])
    memories.sendQuote()
    memories.sendQuote()
    expect(await sent()).toEqual([2])
    observer.close()
    expect(await sent()).toEqual([])
  })

  it('refuses options that it does not know', async () => {
    await using provider = createMeter(AggregationTemporality.CUMULATIVE)
    expect(() => observeMetrics(provider.meter, { pattern: 'x' } as object)).toThrow('pattern')
  })
})
