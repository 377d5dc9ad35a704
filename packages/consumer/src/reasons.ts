/** Why messages come back, in words. */

/** The reason of a message that nobody gave back. */
export const GIVEN_UP = 'its last consumer died, or kept it for too long'

/** Says what a handler has thrown. Never throws: a message that is being given back depends on it. */
export function reasonOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'its handler threw a value that has no text'
  }
}
