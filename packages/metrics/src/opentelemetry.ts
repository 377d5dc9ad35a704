import { checkOptions, dispose } from '@memlane/core/internal'
import type { Attributes, BatchObservableResult, Meter, Observable } from '@opentelemetry/api'
import { MemoryMetrics } from './memory-metrics.js'
import type { Metric } from './metric.js'
import { metrics } from './metrics.js'
import { type MetricsOptions, metricsChecks } from './metrics-options.js'
import type { Labels } from './samples.js'

export type { MetricsOptions } from './metrics-options.js'

/** Observes memory, until it is closed. */
export interface MemoryObserver extends Disposable {
  /** Ends the observation. The instruments stay, and have no more values. */
  close(): void
}

/**
 * Makes observable instruments of the metrics of memlane's memory. Each collection looks at memory once, which blocks as
 * `inspectAll`. The counters in memory become totals that only grow.
 *
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function observeMetrics(meter: Meter, options: MetricsOptions = {}): MemoryObserver {
  checkOptions('observeMetrics', options, metricsChecks)
  const memory = new MemoryMetrics(options)
  const instruments = new Map<Metric, Observable>()
  for (const metric of Object.values(metrics)) instruments.set(metric, instrumentOf(meter, metric))
  const observe = (result: BatchObservableResult) => {
    const samples = memory.read()
    for (const [metric, instrument] of instruments) {
      for (const { labels, value } of samples.of(metric)) {
        result.observe(instrument, value, attributesOf(metric, labels))
      }
    }
  }
  const observables = [...instruments.values()]
  meter.addBatchObservableCallback(observe, observables)
  const close = () => meter.removeBatchObservableCallback(observe, observables)
  return { close, [dispose]: close }
}

function instrumentOf(meter: Meter, { openTelemetryName, kind, unit, help }: Metric): Observable {
  const options = { unit, description: help }
  return kind === 'counter'
    ? meter.createObservableCounter(openTelemetryName, options)
    : meter.createObservableGauge(openTelemetryName, options)
}

/** Names attributes by the conventions for messaging, and the rest `memlane.…`. */
function attributesOf(metric: Metric, { name, ...labels }: Labels): Attributes {
  const attributes: Attributes = { 'messaging.system': 'memlane' }
  if (name !== undefined) attributes['messaging.destination.name'] = name
  if (metric === metrics.sentMessages) attributes['messaging.operation.name'] = 'send'
  for (const [label, value] of Object.entries(labels)) attributes[`memlane.${label}`] = value
  return attributes
}
