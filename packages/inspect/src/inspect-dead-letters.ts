import '@memlane/protocol/messagepack'
import { type QueueChannel, readerCodec } from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import { checkOptions, type OptionChecks, openChecks, steadyNow } from '@memlane/core/internal'
import { type AnyCodec, LayoutError } from '@memlane/protocol'
import { DEAD, generationOf, kindOf, LENGTH, loadAfterCopy, reasonIn } from '@memlane/protocol/internal'
import { CopiedPayload } from './copied-payload.js'
import type { InspectOptions } from './inspect.js'
import { openChannel } from './open-channel.js'

/** A dead letter of a queue, as it lay there at the moment of the look. */
export interface DeadLetterInspection {
  /** The slot of its producer, and the number of the slot among the producer's: together, they tell where it lies. */
  readonly producer: number
  readonly slot: number
  /** How many times the slot was taken, in 24 bits: tells this letter from a later one in the same slot. */
  readonly generation: number
  /** How often it was delivered. */
  readonly deliveryCount: number
  /** Why it is here, as its last consumer said; undefined if that died. */
  readonly reason: string | undefined
  /** The process of the last consumer. */
  readonly pid: number
  /** Milliseconds since it was sent. */
  readonly ageMs: number
  /** Undefined if the bytes are no such value: `bytes` has them. */
  readonly value: unknown
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Options of `inspectDeadLetters`. */
export type InspectDeadLettersOptions = Pick<InspectOptions, 'trustOwner'>

const checks: OptionChecks<InspectDeadLettersOptions> = { trustOwner: openChecks.trustOwner }

/**
 * Reads the dead letters of a queue, without taking them. A letter that is taken meanwhile is left out. Blocks as `inspect`. To send a
 * letter back or to drop it, pass its place to `reader.deadLetters({ only })`.
 *
 * @throws SharedMemoryError `NOT_A_CHANNEL` if the memory is no queue; otherwise as `inspect`
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function inspectDeadLetters(name: string, options: InspectDeadLettersOptions = {}): DeadLetterInspection[] {
  checkOptions('inspectDeadLetters', options, checks)
  const opened = openChannel(name, options)
  if (opened?.shape !== 'queue') {
    opened?.channel.close()
    throw new SharedMemoryError(
      'NOT_A_CHANNEL',
      `"${name}" is ${opened === undefined ? 'no channel' : `a ${opened.shape}`}, and no queue`,
    )
  }
  const { channel } = opened
  try {
    return deadLettersOf(channel, readerCodec(channel, undefined))
  } catch (error) {
    throw channel.explain(error)
  } finally {
    channel.close()
  }
}

function deadLettersOf({ control }: QueueChannel, codec: AnyCodec): DeadLetterInspection[] {
  const { words, data, maxMessageLength } = control
  const letters: DeadLetterInspection[] = []
  const copy = new CopiedPayload()
  control.forEachUsed((producer) => {
    let slot = -1
    control.forEachSlotOf(producer, (index, word) => {
      slot++
      const length = words[index + LENGTH] as number
      if (kindOf(word) !== DEAD || length >>> 0 > maxMessageLength) return
      copy.copyFrom(words, control.payloadOf(index), length)
      const generation = generationOf(word)
      const reason = reasonIn(data, control.noteOf(index), generation)
      const ageMs = Math.max(0, steadyNow() - control.sentAtOf(index))
      const deliveryCount = control.takesOf(index, word)
      const pid = control.pidOf(index)
      if (loadAfterCopy(words, index) !== word) return // it was taken meanwhile
      const bytes = new Uint8Array(copy.data.buffer.slice(0, length))
      const value = decoded(codec, bytes)
      letters.push({ producer, slot, generation, deliveryCount, reason, pid, ageMs, value, bytes })
    })
  })
  return letters
}

function decoded(codec: AnyCodec, bytes: Uint8Array<ArrayBuffer>): unknown {
  try {
    return codec.decode(new DataView(bytes.buffer), 0, bytes.length)
  } catch (error) {
    if (error instanceof LayoutError) return undefined
    throw error
  }
}
