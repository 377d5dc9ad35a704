import { Counter, type CounterConfiguration, Gauge, type GaugeConfiguration, Registry } from 'prom-client'
import type { Bridge } from '../bridge.js'
import { bridgeMetrics } from './bridge-metrics.js'

type Read = () => { labels: Readonly<Record<string, string>>; value: number }[]

/** Makes a registry whose metrics read the figures of a bridge at each collection. */
export function bridgeRegistry(bridge: Bridge): Registry {
  const registry = new Registry()
  for (const { name, kind, labels, help, read } of bridgeMetrics) {
    const configuration = { name, help, labelNames: labels, registers: [registry] }
    const values = () => [...read(bridge)]
    if (kind === 'counter') new FigureCounter(configuration, values)
    else new FigureGauge(configuration, values)
  }
  return registry
}

/** Has no values of its own: `inc` would confuse labels that contain commas and colons. */
class FigureCounter extends Counter {
  readonly #values: Read

  constructor(configuration: CounterConfiguration<string>, values: Read) {
    super(configuration)
    this.#values = values
  }

  override async get() {
    return { ...(await super.get()), values: this.#values() }
  }
}

class FigureGauge extends Gauge {
  readonly #values: Read

  constructor(configuration: GaugeConfiguration<string>, values: Read) {
    super(configuration)
    this.#values = values
  }

  override async get() {
    return { ...(await super.get()), values: this.#values() }
  }
}
