import { LayoutError } from '@memlane/protocol'
import { type Random, randomFrom } from '@memlane/testing/random'
import { playDescriptor, playHeader } from './descriptors.js'
import { playPayload } from './payloads.js'
import { playForeign, playRegion } from './regions.js'
import { playStream } from './streams.js'

/** What becomes of cases. */
export interface Outcomes {
  /** Cases in which something was refused, by a LayoutError. */
  refused: number
  /** Messages, and other values, that were read. */
  messages: number
}

/** Each plays one case: gives how many values were read, and throws a LayoutError or what is not allowed. */
const KINDS: readonly (readonly [upTo: number, play: (random: Random) => number])[] = [
  [0.5, playStream],
  [0.7, playPayload],
  [0.8, playHeader],
  [0.85, playDescriptor],
  [0.9, playRegion],
  [1, playForeign],
]

/**
 * Plays one case, the same for the same seed and index.
 *
 * @returns what was not allowed, if anything was
 */
export function playCase(seed: number, index: number, outcomes: Outcomes): string | undefined {
  const random = randomFrom((seed + Math.imul(index, 0x9e37_79b1)) | 0)
  const choice = random()
  const [, play] = KINDS.find(([upTo]) => choice < upTo) as (typeof KINDS)[0]
  try {
    outcomes.messages += play(random)
  } catch (error) {
    if (!(error instanceof LayoutError)) return `case ${index}, ${play.name}: ${(error as Error).stack}`
    outcomes.refused++
  }
  return undefined
}
