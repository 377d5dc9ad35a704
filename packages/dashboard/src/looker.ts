import { clearTimeout, now, setTimeout } from '@memlane/core/internal'
import { type Inspection, inspectAll, sidesOf } from '@memlane/inspect'
import type { MemorySummary } from './events.js'
import { summaryOf } from './summary.js'
import type { Trust } from './trust.js'

/** Looks take at most this share of the time: if they take long, the next one comes later. */
const MAX_SHARE = 0.1
/** To find the processes takes ten times as long as to look. They change rarely, so every fifth look is enough. */
const LOOKS_PER_SEARCH = 5

/** All memory at one moment. */
export interface Look {
  /** Without the processes. */
  readonly memories: Memories
  readonly summaries: readonly MemorySummary[]
}

type Memories = ReadonlyMap<string, Inspection>

/** Gets what the looker finds. */
export interface LookListener {
  looked(look: Look): void
  failed(error: unknown): void
}

/** Looks at all memory again and again, as long as there are listeners. They share the looks. */
export class Looker {
  readonly #intervalMs: number
  readonly #trustOwner: Trust
  readonly #listeners = new Set<LookListener>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #last: (Look & { readonly at: number }) | undefined
  /** All memory with the processes, as it was a while ago. */
  #searched: Memories = new Map()
  #looksUntilSearch = 0

  constructor(intervalMs: number, trustOwner: Trust) {
    this.#intervalMs = intervalMs
    this.#trustOwner = trustOwner
  }

  /** Calls the listener now, and after each look from now on. */
  add(listener: LookListener): void {
    this.#listeners.add(listener)
    if (this.#last !== undefined) listener.looked(this.#last)
    else if (this.#timer === undefined) this.#look()
  }

  delete(listener: LookListener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#last = undefined // its counters would have wrapped when the next page opens
  }

  #look(): void {
    const at = now()
    try {
      const before = this.#last
      const memories = this.#inspect(false)
      const isSame = before !== undefined && participantsOf(memories) === participantsOf(before.memories)
      if (!isSame || --this.#looksUntilSearch <= 0) {
        this.#searched = this.#inspect(true)
        this.#looksUntilSearch = LOOKS_PER_SEARCH
      }
      const ms = at - (before?.at ?? at)
      const summaries = [...memories.values()].map((each) => {
        return summaryOf(each, this.#searched.get(each.name) ?? each, before?.memories.get(each.name), ms)
      })
      this.#last = { at, memories, summaries }
      for (const listener of this.#listeners) listener.looked(this.#last)
    } catch (error) {
      for (const listener of this.#listeners) listener.failed(error)
    }
    if (this.#listeners.size === 0) return
    const took = now() - at
    this.#timer = setTimeout(() => this.#look(), Math.max(this.#intervalMs - took, took / MAX_SHARE))
  }
  #inspect(processes: boolean): Memories {
    return new Map(inspectAll({ processes, trustOwner: this.#trustOwner }).map((each) => [each.name, each]))
  }
}

/** Tells whether somebody came, went or died between two looks. */
function participantsOf(memories: Memories): string {
  return JSON.stringify(
    [...memories.values()].map((memory) => {
      const { producers, consumers } = sidesOf(memory)
      return [memory.name, [...producers, ...consumers].map(({ role, slot, state }) => `${role} ${slot} ${state}`)]
    }),
  )
}
