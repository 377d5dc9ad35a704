import { checkOptions, microtask } from '@memlane/core/internal'
import { Counter, type CounterConfiguration, Gauge, type GaugeConfiguration, type Registry } from 'prom-client'
import { MemoryMetrics } from './memory-metrics.js'
import type { Metric } from './metric.js'
import { metrics } from './metrics.js'
import { type MetricsOptions, metricsChecks } from './metrics-options.js'
import type { Sample, Samples } from './samples.js'

export type { MetricsOptions } from './metrics-options.js'

/**
 * Registers the metrics of memlane's memory. Each collection of the registry looks at memory once, which blocks as
 * `inspectAll`. The counters in memory become totals that only grow.
 *
 * @param registry a registry of prom-client
 * @throws Error if the registry has a metric of the same name
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function registerMetrics(registry: Registry, options: MetricsOptions = {}): void {
  checkOptions('registerMetrics', options, metricsChecks)
  const memory = new MemoryMetrics(options)
  let current: Samples | undefined
  /** A registry asks all of its metrics at once: one look serves them all. */
  const samplesOf = (metric: Metric) => {
    if (current === undefined) {
      current = memory.read()
      microtask(() => {
        current = undefined
      })
    }
    return current.of(metric)
  }
  for (const metric of Object.values(metrics)) {
    const { name, help, labels: labelNames } = metric
    // All workers of a cluster see the same memory.
    const configuration = { name, help, labelNames, registers: [registry], aggregator: 'max' as const }
    const read = () => samplesOf(metric)
    if (metric.kind === 'counter') new MemoryCounter(configuration, read)
    else new MemoryGauge(configuration, read)
  }
}

/** Has no values of its own: `inc` would confuse labels that contain commas and colons. */
class MemoryCounter extends Counter {
  readonly #read: () => readonly Sample[]

  constructor(configuration: CounterConfiguration<string>, read: () => readonly Sample[]) {
    super(configuration)
    this.#read = read
  }

  override async get() {
    const values = [...this.#read()]
    return { ...(await super.get()), values }
  }
}

class MemoryGauge extends Gauge {
  readonly #read: () => readonly Sample[]

  constructor(configuration: GaugeConfiguration<string>, read: () => readonly Sample[]) {
    super(configuration)
    this.#read = read
  }

  override async get() {
    const values = [...this.#read()]
    return { ...(await super.get()), values }
  }
}
