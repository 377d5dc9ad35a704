import type { Label, Metric } from './metric.js'

export type Labels = Readonly<Partial<Record<Label, string>>>

/** One value of a metric. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** The values of all metrics at one moment. */
export class Samples {
  readonly #samples = new Map<Metric, Sample[]>()

  /** @param value undefined: there is none */
  add(metric: Metric, value: number | undefined, labels: Labels = {}): void {
    if (value === undefined) return
    const samples = this.#samples.get(metric)
    if (samples === undefined) this.#samples.set(metric, [{ labels, value }])
    else samples.push({ labels, value })
  }

  of(metric: Metric): readonly Sample[] {
    return this.#samples.get(metric) ?? []
  }
}
