import { now } from '@memlane/core/internal'
import { type InspectAllOptions, type Inspection, inspectAll, nameFilter } from '@memlane/inspect'
import { addInspection } from './inspection-samples.js'
import { metrics } from './metrics.js'
import type { MetricsOptions } from './metrics-options.js'
import { Samples } from './samples.js'
import { Totals } from './totals.js'

const SHAPES = ['stream', 'latest', 'queue', 'call', 'region', 'bytes', 'unreadable'] as const

/** Reads the values of all metrics from memory. */
export class MemoryMetrics {
  readonly #options: InspectAllOptions
  /** True if names were given: then memory of each shape that has such a name is shown. */
  readonly #isNamed: boolean
  readonly #totals = new Totals()
  #errors = 0

  constructor({ names, ...options }: MetricsOptions) {
    this.#options = names === undefined ? options : { ...options, filter: nameFilter(names) }
    this.#isNamed = names !== undefined
  }

  /** Looks at memory. Never throws: a look that fails counts as an error. Blocks as `inspectAll`. */
  read(): Samples {
    const start = now()
    const samples = new Samples()
    try {
      this.#addMemories(samples, inspectAll(this.#options))
    } catch {
      this.#errors++
    }
    samples.add(metrics.scrapeDuration, (now() - start) / 1000)
    samples.add(metrics.scrapeErrors, this.#errors)
    return samples
  }

  #addMemories(samples: Samples, inspections: readonly Inspection[]): void {
    for (const shape of SHAPES) {
      samples.add(metrics.memories, inspections.filter((inspection) => inspection.shape === shape).length, { shape })
    }
    for (const inspection of inspections) {
      if (this.#isNamed || isOfMemlane(inspection)) addInspection(samples, this.#totals, inspection)
    }
  }
}

/** Leaves out memory that may belong to other programs. */
function isOfMemlane({ shape }: Inspection): boolean {
  return shape !== 'bytes' && shape !== 'unreadable'
}
