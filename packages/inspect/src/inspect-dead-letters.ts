import type { InspectOptions } from './inspect.js'

/** A dead letter of a queue, as it lay there at the moment of the look. */
export interface DeadLetterInspection {
  /** The slot of its producer, and the number of the slot among the producer's: together, they tell where it lies. */
  readonly producer: number
  readonly slot: number
  /** How many times the slot was taken, in 24 bits: tells this letter from a later one in the same slot. */
  readonly generation: number
  /** How often it was delivered. */
  readonly deliveryCount: number
  /** Why it is here, as its last consumer said. */
  readonly reason: string | undefined
  /** The process of the last consumer. */
  readonly pid: number
  /** Milliseconds since it was sent. */
  readonly ageMs: number
  /** Undefined if the bytes are no such value: then `bytes` has them. */
  readonly value: unknown
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * Reads the dead letters of a queue, without taking them. A letter that is taken meanwhile is left out. Blocks as `inspect`.
 *
 * @throws SharedMemoryError `NOT_A_CHANNEL` if the memory is no queue; otherwise as `inspect`
 */
export function inspectDeadLetters(
  _name: string,
  _options: Pick<InspectOptions, 'trustOwner'> = {},
): DeadLetterInspection[] {
  throw new Error('not implemented yet')
}
