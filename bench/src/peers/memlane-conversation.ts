/**
 * One side of a conversation in place, as a program would have it that is in a hurry: nothing stands between the streams and what
 * a message says; the room for the next message is claimed before it is needed; and an answer is written after `poll`, not within.
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
  /** Blocks until the other side has said something, and returns its number. */
  hear(): number
  close(): void
}

/** @param spins polls again where nothing is there, in place of waiting */
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
