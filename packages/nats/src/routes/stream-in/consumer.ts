import { AckPolicy, type ConsumerConfig, DeliverPolicy, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import type { Clients } from '../../link/link.js'
import { covers } from '../../message/subject-sets.js'
import type { RouteContext } from '../route.js'
import type { StreamPosition } from './stream-position.js'

/** JetStream must never deliver a message again by itself: it would come out of order. A new session asks for it instead. */
const ACK_WAIT_MS = 7 * 24 * 3600 * 1000

export interface ConsumerPlace {
  readonly jetstream: string
  readonly durable: string
  /** The subjects that the consumer delivers. */
  readonly subject: string
}

export interface RenewedConsumer {
  /** It delivers all messages of the stream: a gap means that messages were removed. */
  readonly isWhole: boolean
  /** An acknowledgement counts for all messages before, too. Work queues demand one for each. */
  readonly acknowledgesAll: boolean
}

/**
 * Makes the durable consumer anew, so that it begins behind the last message that is done.
 *
 * @throws an error of the server; Error for a stream with interest retention, which would forget messages meanwhile
 */
export async function renewConsumer(
  { manager }: Clients,
  { jetstream, durable, subject }: ConsumerPlace,
  position: StreamPosition,
  log: RouteContext['log'],
): Promise<RenewedConsumer> {
  const { config, created, state } = await manager.streams.info(jetstream)
  if (config.retention === 'interest') {
    throw new Error(
      `the JetStream stream "${jetstream}" has interest retention: it forgets messages while this bridge is away. Use limits or workqueue.`,
    )
  }
  if (position.isNew) {
    const found = await manager.consumers.info(jetstream, durable).catch(unless(JetStreamApiCodes.ConsumerNotFound))
    position.restart(created, Math.max(found?.ack_floor.stream_seq ?? 0, state.first_seq - 1))
  } else if (created !== position.created) {
    log(`The JetStream stream "${jetstream}" was made anew. The route begins with its first message.`)
    position.restart(created, Math.max(0, state.first_seq - 1))
  } else if (state.last_seq < position.last || !(await hasSameLast(manager, jetstream, position))) {
    log(`The JetStream stream "${jetstream}" has lost messages. The route begins with its first message.`)
    position.restart(created, Math.max(0, state.first_seq - 1))
  }
  if (state.first_seq > position.next) {
    log(
      `JetStream has removed messages up to ${state.first_seq - 1} of "${jetstream}", the first of them ${position.next}.`,
    )
  }
  await manager.consumers.delete(jetstream, durable).catch(unless(JetStreamApiCodes.ConsumerNotFound))
  const isWorkQueue = config.retention === 'workqueue'
  const start: Partial<ConsumerConfig> = isWorkQueue
    ? { deliver_policy: DeliverPolicy.All }
    : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: position.next }
  await manager.consumers.add(jetstream, {
    durable_name: durable,
    ack_policy: isWorkQueue ? AckPolicy.Explicit : AckPolicy.All,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: -1,
    filter_subject: subject,
    ...start,
  })
  const isWhole = config.subjects?.every((each) => covers(subject, each)) === true && !config.sources
  return { isWhole: isWhole && !isWorkQueue, acknowledgesAll: !isWorkQueue }
}

/** Tells whether the stream still has the message that the route has seen last, or has removed it. A stream in memory counts anew. */
async function hasSameLast(
  manager: Clients['manager'],
  jetstream: string,
  { last, lastTime }: StreamPosition,
): Promise<boolean> {
  if (lastTime === 0) return true
  const found = await manager.streams.getMessage(jetstream, { seq: last })
  return found === null || found.time.getTime() === lastTime
}

function unless(code: number) {
  return (error: unknown): undefined => {
    if (error instanceof JetStreamApiError && error.code === code) return undefined
    throw error
  }
}
