import { LayoutError } from '@memlane/protocol'
import { type Random, randomFrom } from '@memlane/testing/random'
import { runCall } from './calls.js'
import { runDescriptor, runHeader } from './descriptors.js'
import { runLatest } from './latests.js'
import { runPayload } from './payloads.js'
import { runQueue } from './queues.js'
import { runForeign, runRegion } from './regions.js'
import { runStream } from './streams.js'

/** The results of cases. */
export interface Outcomes {
  /** Cases that ended with a LayoutError. */
  refused: number
  /** Messages, and other values, that were read. */
  messages: number
}

/** Each function plays one case. It returns how many values were read, or throws. Only a LayoutError is allowed. */
const KINDS: readonly (readonly [upTo: number, run: (random: Random) => number])[] = [
  [0.3, runStream],
  [0.4, runCall],
  [0.5, runQueue],
  [0.6, runLatest],
  [0.7, runPayload],
  [0.8, runHeader],
  [0.85, runDescriptor],
  [0.9, runRegion],
  [1, runForeign],
]

const SHAPES = { stream: runStream, latest: runLatest, queue: runQueue, call: runCall }
export type FuzzedShape = keyof typeof SHAPES

/**
 * Plays one case. The same seed and index give the same case.
 *
 * @param shape plays only cases of this shape
 * @returns the error that is not allowed, or undefined
 */
export function runCase(seed: number, index: number, outcomes: Outcomes, shape?: FuzzedShape): string | undefined {
  const random = randomFrom((seed + Math.imul(index, 0x9e37_79b1)) | 0)
  const choice = random()
  const [, anyRun] = KINDS.find(([upTo]) => choice < upTo) as (typeof KINDS)[0]
  const run = shape === undefined ? anyRun : SHAPES[shape]
  try {
    outcomes.messages += run(random)
  } catch (error) {
    if (!(error instanceof LayoutError)) return `case ${index}, ${run.name}: ${(error as Error).stack}`
    outcomes.refused++
  }
  return undefined
}
