import { LayoutError } from '@memlane/protocol'
import { type Random, randomFrom } from '@memlane/testing/random'
import { runDescriptor, runHeader } from './descriptors.js'
import { runPayload } from './payloads.js'
import { runForeign, runRegion } from './regions.js'
import { runStream } from './streams.js'

/** What becomes of cases. */
export interface Outcomes {
  /** Cases in which something was refused, by a LayoutError. */
  refused: number
  /** Messages, and other values, that were read. */
  messages: number
}

/** Each plays one case: gives how many values were read, and throws a LayoutError or what is not allowed. */
const KINDS: readonly (readonly [upTo: number, run: (random: Random) => number])[] = [
  [0.5, runStream],
  [0.7, runPayload],
  [0.8, runHeader],
  [0.85, runDescriptor],
  [0.9, runRegion],
  [1, runForeign],
]

/**
 * Plays one case, the same for the same seed and index.
 *
 * @returns what was not allowed, if anything was
 */
export function runCase(seed: number, index: number, outcomes: Outcomes): string | undefined {
  const random = randomFrom((seed + Math.imul(index, 0x9e37_79b1)) | 0)
  const choice = random()
  const [, run] = KINDS.find(([upTo]) => choice < upTo) as (typeof KINDS)[0]
  try {
    outcomes.messages += run(random)
  } catch (error) {
    if (!(error instanceof LayoutError)) return `case ${index}, ${run.name}: ${(error as Error).stack}`
    outcomes.refused++
  }
  return undefined
}
