import type { StreamInfo } from '@nats-io/jetstream'
import { JetStreamApiCodes, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../../config/route-config.js'
import type { Clients } from '../../link/link.js'
import { covers } from '../../message/subject-sets.js'

/**
 * Finds the stream of JetStream that takes the messages. If the route says so, creates it, or adds the subject to those that it stores:
 * several routes may share a stream.
 *
 * @throws Error if it is missing; JetStreamApiError; Error if the server does not answer
 */
export async function targetStream(
  { manager }: Clients,
  { jetstream, create }: RouteConfigOf<'stream-out'>,
  subject: string,
): Promise<StreamInfo> {
  try {
    const found = await manager.streams.info(jetstream)
    const { subjects = [] } = found.config
    if (create === undefined || subjects.some((stored) => covers(stored, subject))) return found
    return await manager.streams.update(jetstream, { subjects: [...subjects, subject] })
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error
    if (create === undefined) {
      throw new Error(`JetStream has no stream "${jetstream}": create it, or let the route do so by "create": {}.`)
    }
  }
  return await manager.streams.add({
    name: jetstream,
    subjects: [subject],
    retention: RetentionPolicy.Limits,
    storage: create.storage === 'memory' ? StorageType.Memory : StorageType.File,
    num_replicas: create.replicas,
    duplicate_window: nanos(create.duplicateWindowMs),
    ...(create.maxBytes !== undefined && { max_bytes: create.maxBytes }),
    ...(create.maxAgeMs !== undefined && { max_age: nanos(create.maxAgeMs) }),
  })
}
