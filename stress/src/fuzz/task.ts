/** What a player is told, and where it tells how far it is. */

export interface Task {
  /** The name of the memory where it tells how far it is: a double for each of the places below. */
  progress: string
  seed: number
  first: number
  /** The first case that is not played. */
  end: number
}

export const CASE = 0
export const REFUSED = 1
export const MESSAGES = 2
export const PROGRESS_LENGTH = 24
