/**
 * One side of a conversation in place, as a program in a hurry would write it. Messages are written and read where they lie; the
 * room for the next message is claimed before it is needed; and an answer is written after `poll`, not inside it.
 */

import type { Content } from '../roles/content.js'
import {
  checkerOf,
  claim,
  type ReadonlyMessageView,
  type StructReader,
  type StructWriter,
  writerOf,
} from './memlane-messages.js'

export interface Conversation {
  say(sequence: number): void
  /** Blocks until a message of the other side comes, and returns its number. */
  hear(): number
  close(): void
}

/** @param spins if there is no message, polls again in place of waiting */
export function conversation(
  writer: StructWriter,
  reader: StructReader,
  content: Content,
  spins: boolean,
): Conversation {
  const write = writerOf(content)
  const check = checkerOf(content)
  let next = claim(writer)
  let heard = -1
  const take = (message: ReadonlyMessageView) => {
    heard = check(message)
  }
  return {
    say(sequence) {
      write(next, sequence)
      writer.commit()
      next = claim(writer)
    },
    hear() {
      while (reader.poll(take, 1) === 0) {
        if (!spins && !reader.readySync()) throw new Error(`the stream has ended: ${reader.end}`)
      }
      return heard
    },
    close() {
      writer.close()
      reader.close()
    },
  }
}
