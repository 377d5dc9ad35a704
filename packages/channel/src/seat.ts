import { Lease } from '@memlane/core'
import { consumerNumber, producerNumber } from '@memlane/protocol/internal'
import type { Bells } from './bells.js'
import { type StreamChannel, streamError } from './stream-channel.js'

/** A slot of a stream that this participant holds, by a lease: nobody else has it, and its death frees it. */
export interface Seat {
  /** The index of the slot. */
  readonly index: number
  readonly lease: Lease
}

/**
 * Takes a producer's slot: first one whose producer died, so that its lane goes on, else the lowest free one. Blocks for some
 * milliseconds when there is none.
 *
 * @param wanted the index of the slot, where it must be that one
 * @throws SharedMemoryError `FULL` when there is none; RangeError when the stream has no such lane
 */
export function takeProducerSeat(channel: StreamChannel, wanted?: number): Seat {
  const { control, header } = channel
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 0 && wanted < header.producers)) {
    throw new RangeError(`lane ${wanted} is not a whole number from 0 to ${header.producers - 1}`)
  }
  const all = Array.from({ length: header.producers }, (_, index) => index)
  const candidates = wanted === undefined ? all : all.filter((index) => index === wanted)
  const left = candidates.filter((index) => {
    return control.stateOf(index) === 'open' && !Lease.isHeld(channel.memory, producerNumber(index))
  })
  const seat = take(channel, left, producerNumber) ?? take(channel, candidates, producerNumber)
  if (seat !== undefined) return seat
  const which = wanted === undefined ? `all ${header.producers} producer slots are taken` : `lane ${wanted} is taken`
  throw streamError('FULL', channel.name, `${which}. Create the stream with a larger maxProducers, or close one.`)
}

/**
 * Takes a consumer's slot. Blocks for some milliseconds when there is none.
 *
 * @throws SharedMemoryError `FULL` when there is none
 */
export function takeConsumerSeat(channel: StreamChannel): Seat {
  const { consumers } = channel.header
  const seat = take(
    channel,
    Array.from({ length: consumers }, (_, index) => index),
    consumerNumber,
  )
  if (seat !== undefined) return seat
  throw streamError(
    'FULL',
    channel.name,
    `all ${consumers} consumer slots are taken. Create the stream with a larger maxConsumers, or close one.`,
  )
}

/** Others may have a free slot for a moment: a producer that removes its dead consumer; on Windows, who asks for its holder. */
const ATTEMPTS = 10
const ATTEMPTS_INTERVAL_MS = 1

function take(channel: StreamChannel, candidates: readonly number[], numberOf: (index: number) => number) {
  if (candidates.length === 0) return undefined
  for (let attempt = 1; ; attempt++) {
    for (const index of candidates) {
      const lease = Lease.claim(channel.memory, numberOf(index))
      if (lease !== undefined) return { index, lease }
    }
    if (attempt === ATTEMPTS) return undefined
    Atomics.wait(pauseWord, 0, 0, ATTEMPTS_INTERVAL_MS)
  }
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4))

/**
 * Removes a consumer if it has died, so that producers do not wait for it any more.
 *
 * @param producers rung before: who sleeps for room may have looked at this consumer, and not watch it
 * @returns whether it was removed
 */
export function evictIfDead(channel: StreamChannel, consumer: number, producers: Bells): boolean {
  const number = consumerNumber(consumer)
  if (Lease.isHeld(channel.memory, number)) return false
  const lease = Lease.claim(channel.memory, number) // nobody joins there meanwhile
  if (lease === undefined) return false
  try {
    producers.ringSleepers()
    channel.control.evict(consumer)
  } finally {
    lease.release()
  }
  return true
}
