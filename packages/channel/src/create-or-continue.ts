import { SharedMemoryError } from '@memlane/core'
import type { Shape } from '@memlane/protocol/internal'
import { channelError } from './channel-error.js'

/** How often to try again if the channel of that name comes and goes. */
const MAX_ATTEMPTS = 1000

/** What to do if a channel of that name exists already. */
interface Continuation {
  /** Refuses to continue it. */
  readonly refuses: boolean
  /** The participants that may have died, for the error message: "producers". */
  readonly others: string
}

/**
 * Creates a channel, or continues the one that exists.
 *
 * @param create throws `ALREADY_EXISTS` if the name is taken
 * @param proceed opens the channel that exists, and joins it
 * @throws as `create` and `proceed`; `ALREADY_EXISTS` if the channel exists and the caller refuses to continue it
 */
export function createOrContinue<Participant>(
  shape: Pick<Shape<object, unknown>, 'name'>,
  name: string,
  { refuses, others }: Continuation,
  create: () => Participant,
  proceed: () => Participant,
): Participant {
  for (let attempt = 1; ; attempt++) {
    try {
      return create()
    } catch (error) {
      if (!isCode(error, 'ALREADY_EXISTS') || attempt === MAX_ATTEMPTS) throw error
      if (refuses) {
        const message = `the name is taken, and existing is "refuse". Leave that out to continue a ${shape.name} whose ${others} died.`
        throw channelError(shape, 'ALREADY_EXISTS', name, message, error)
      }
    }
    try {
      return proceed()
    } catch (error) {
      if (!isCode(error, 'NOT_FOUND')) throw error // NOT_FOUND: the channel has ended meanwhile, so try again
    }
  }
}

function isCode(error: unknown, code: SharedMemoryError['code']): boolean {
  return error instanceof SharedMemoryError && error.code === code
}
