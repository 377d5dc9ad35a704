import { uniqueName } from '@memlane/testing'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { headers, type NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { onTestFinished } from 'vitest'

/** A stream of JetStream for one test. */
export interface TestStream {
  /** The name of the stream, and the first token of its subjects. */
  readonly name: string
  readonly manager: JetStreamManager
  readonly connection: NatsConnection
  /** Publishes a message, under `NAME.last`. */
  publish(body: string | Uint8Array, fields?: Record<string, string>, last?: string): Promise<unknown>
}

/** Makes a stream with a name of its own, which takes all subjects that begin with that name. `timeout`: of a publish, in ms. */
export async function testStream(url: string, options: object = {}, timeout = 5000): Promise<TestStream> {
  const name = uniqueName('nats')
  const connection = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
  onTestFinished(() => connection.close())
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name, subjects: [`${name}.>`], ...options })
  return {
    name,
    manager,
    connection,
    publish(body, fields = {}, last = 'x') {
      const found = headers()
      for (const [key, value] of Object.entries(fields)) found.set(key, value)
      return manager.jetstream().publish(`${name}.${last}`, body, { headers: found, timeout })
    },
  }
}
