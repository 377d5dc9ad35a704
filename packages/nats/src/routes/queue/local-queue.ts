import { setTimeout } from 'node:timers/promises'
import { Channel, createQueueChannel, type QueueChannel, type QueueOptions, readerCodec } from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import { Payload } from '@memlane/inspect/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { queueShape } from '@memlane/protocol/internal'

/** How often to look for a schema. */
const LOOK_MS = 500

/** A local queue, and what lies in it. */
export interface LocalQueue {
  readonly channel: QueueChannel
  readonly descriptor: PayloadDescriptor
}

/**
 * Opens a queue, or creates it. An existing queue keeps its schema and its dimensions.
 *
 * @param findSchema tells the schema for a new queue; undefined if it is not known yet
 * @throws the signal's reason; SharedMemoryError as `createQueue`; LayoutError `CORRUPT` for a schema that memlane cannot have written
 */
export async function localQueue(
  name: string,
  options: QueueOptions,
  findSchema: () => Promise<PayloadDescriptor | undefined>,
  signal: AbortSignal,
): Promise<LocalQueue> {
  for (;;) {
    signal.throwIfAborted()
    const found = ifThere(() => Channel.open(queueShape, name, undefined), 'NOT_FOUND')
    if (found !== undefined) return { channel: found, descriptor: readerCodec(found, undefined).descriptor }
    const descriptor = await findSchema()
    if (descriptor === undefined) {
      await setTimeout(LOOK_MS, undefined, { signal })
      continue
    }
    const { codec } = new Payload(descriptor)
    const created = ifThere(() => createQueueChannel(name, codec, options), 'ALREADY_EXISTS')
    if (created !== undefined) return { channel: created, descriptor }
  }
}

function ifThere<T>(attempt: () => T, expected: SharedMemoryError['code']): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof SharedMemoryError && error.code === expected) return undefined
    throw error
  }
}
