/**
 * One side of a conversation in place, written for the lowest latency. Messages are written and read where they lie. The room for
 * the next message is claimed before it is needed. An answer is written after `poll`, not inside it.
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

/** @param spins if true, polls again instead of waiting when there is no message */
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
