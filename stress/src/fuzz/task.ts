/** The task of a process that plays cases, and the places of its progress in shared memory. */

import type { FuzzedShape } from './cases.js'

export interface Task {
  /** The name of the memory for its progress: one double for each of the places below. */
  progress: string
  seed: number
  first: number
  /** The first case that is not played. */
  end: number
  /** Only cases of this shape. */
  shape?: FuzzedShape | undefined
}

export const CASE = 0
export const REFUSED = 1
export const MESSAGES = 2
export const PROGRESS_LENGTH = 24
