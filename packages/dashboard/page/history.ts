import type { MemorySummary } from '../src/events.js'

const MAX_SAMPLES = 300

/** Samples of one memory, oldest first. `null` where nothing is known. */
export interface Samples {
  /** Seconds since 1970. */
  readonly times: number[]
  readonly rates: (number | null)[]
  readonly lags: (number | null)[]
}

/** Keeps what the page has seen of each memory: the last minutes. */
export class History {
  readonly #samples = new Map<string, Samples>()

  /** Adds a look. Forgets memory that has gone. */
  add(time: number, memories: readonly MemorySummary[]): void {
    const present = new Set(memories.map(memoryKey))
    for (const key of this.#samples.keys()) if (!present.has(key)) this.#samples.delete(key)
    for (const memory of memories) {
      const samples = this.of(memory)
      samples.times.push(time / 1000)
      samples.rates.push(memory.perSecond ?? null)
      samples.lags.push(lagOf(memory) ?? null)
      if (samples.times.length > MAX_SAMPLES) for (const list of Object.values(samples)) list.shift()
    }
  }

  of(memory: MemorySummary): Samples {
    const key = memoryKey(memory)
    const known = this.#samples.get(key)
    if (known !== undefined) return known
    const samples: Samples = { times: [], rates: [], lags: [] }
    this.#samples.set(key, samples)
    return samples
  }
}

/** Tells a memory from an earlier one of the same name. */
export function memoryKey({ instance, name }: MemorySummary): string {
  return `${instance ?? ''} ${name}`
}

/** What the lag of a memory is counted in. */
export function lagUnit({
  shape,
  lagMessages,
  lagBytes,
}: MemorySummary): 'messages' | 'calls' | 'bytes' | 'ms' | undefined {
  if (shape === 'latest') return 'ms'
  if (lagMessages !== undefined) return shape === 'call' ? 'calls' : 'messages'
  return lagBytes === undefined ? undefined : 'bytes'
}

export function lagOf(memory: MemorySummary): number | undefined {
  if (memory.shape === 'latest') return memory.ageMs
  return memory.lagMessages ?? memory.lagBytes
}
