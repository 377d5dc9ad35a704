import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType, type StreamInfo } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import type { CreationConfig } from '../../config/route-config.js'
import type { Clients } from '../../link/link.js'

/** JetStream's code for a stream that does not exist. */
const NO_SUCH_STREAM = 10_059

export interface WorkQueueOptions {
  readonly jetstream: string
  /** The subjects of the stream, if it is created. */
  readonly subjects: string
  readonly create?: CreationConfig | undefined
}

/**
 * Finds the stream through which jobs travel, or creates it. Only a stream of retention `workqueue` gives each job to one machine.
 *
 * @throws Error if the stream is missing and `create` was not given, or has another retention; an error of the server
 */
export async function workQueueStream({ manager }: Clients, options: WorkQueueOptions): Promise<StreamInfo> {
  const { jetstream, subjects, create } = options
  const find = () => manager.streams.info(jetstream)
  const info = await find().catch((error: unknown) => {
    if (!(error instanceof JetStreamApiError && error.code === NO_SUCH_STREAM)) throw error
    if (create === undefined) {
      throw new Error(`JetStream has no stream "${jetstream}". Create it, or add "create" to a queue-out route.`)
    }
    const { replicas, storage, maxBytes, maxAgeMs, duplicateWindowMs } = create
    return manager.streams
      .add({
        name: jetstream,
        subjects: [subjects],
        retention: RetentionPolicy.Workqueue,
        discard: DiscardPolicy.New, // a full stream refuses new jobs, and loses none
        storage: storage === 'file' ? StorageType.File : StorageType.Memory,
        num_replicas: replicas,
        duplicate_window: nanos(Math.min(duplicateWindowMs, maxAgeMs ?? Infinity)),
        ...(maxBytes !== undefined && { max_bytes: maxBytes }),
        ...(maxAgeMs !== undefined && { max_age: nanos(maxAgeMs) }),
      })
      .catch((reason: unknown) => find().catch(() => Promise.reject(reason))) // another bridge was faster
  })
  if (info.config.retention === RetentionPolicy.Workqueue) return info
  throw new Error(
    `stream "${jetstream}" has retention "${info.config.retention}": each job would go to several machines, or to none. ` +
      'Use a stream of retention "workqueue".',
  )
}
