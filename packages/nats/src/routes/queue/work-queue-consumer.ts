import { AckPolicy, type ConsumerInfo, DeliverPolicy, JetStreamApiError } from '@nats-io/jetstream'
import { millis, nanos } from '@nats-io/nats-core'
import type { Clients } from '../../link/link.js'

/** JetStream's code for a consumer that does not exist. */
const NO_SUCH_CONSUMER = 10_014

export interface WorkQueueConsumerOptions {
  readonly jetstream: string
  readonly durable: string
  readonly subject: string
  readonly ackWaitMs: number
}

/** The durable consumer that all bridges of a work queue share. */
export interface WorkQueueConsumer {
  readonly name: string
  /** After so many milliseconds without a sign of life, JetStream gives a job to another bridge. */
  readonly ackWaitMs: number
}

/**
 * Finds the durable consumer of a work queue, or creates it. If it exists, it keeps its own time limit.
 *
 * @throws Error if the consumer exists and takes other jobs; an error of the server
 */
export async function workQueueConsumer(
  { manager }: Clients,
  { jetstream, durable, subject, ackWaitMs }: WorkQueueConsumerOptions,
): Promise<WorkQueueConsumer> {
  const find = () => manager.consumers.info(jetstream, durable)
  const { config } = await find().catch(async (error: unknown): Promise<ConsumerInfo> => {
    if (!(error instanceof JetStreamApiError && error.code === NO_SUCH_CONSUMER)) throw error
    return await manager.consumers
      .add(jetstream, {
        durable_name: durable,
        filter_subject: subject,
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ackWaitMs),
        max_deliver: -1, // the local queue counts the deliveries to workers
        max_ack_pending: -1, // each bridge asks only for jobs that its workers can begin
      })
      .catch((reason: unknown) => find().catch(() => Promise.reject(reason))) // another bridge was faster
  })
  if (config.ack_policy !== AckPolicy.Explicit || config.filter_subject !== subject) {
    throw new Error(
      `consumer "${durable}" of stream "${jetstream}" has ack policy "${config.ack_policy}" and takes "${config.filter_subject ?? '>'}": ` +
        `"explicit" and "${subject}" are needed. Delete it, or set "durable" to another name.`,
    )
  }
  return { name: durable, ackWaitMs: millis(config.ack_wait ?? nanos(30_000)) }
}
