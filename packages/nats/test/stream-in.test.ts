import { openStream, type StreamReader } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { f64, struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { jetstreamManager } from '@nats-io/jetstream'
import { headers } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startBridge } from './start-bridge.js'

const Quote = struct('Quote', { number: u32, price: f64 })

describe.runIf(hasNats)('a route stream-in', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  it('brings JSON of other programs to a stream of its schema, in order', async () => {
    const { name, publish } = await stream()
    using local = createStream(name, Quote)
    using reader = await openStream(name, Quote)
    await using bridge = startBridge(server.url, 'here', [
      { kind: 'stream-in', name, subject: `${name}.>`, jetstream: name },
    ])
    for (let number = 0; number < 100; number++) await publish(JSON.stringify({ number, price: number / 2 }))
    expect(await numbers(reader, 100)).toEqual(Array.from({ length: 100 }, (_, number) => number))
    expect(figures(bridge)).toMatchObject({ forwarded: 100, restarts: 0, lag: 0 })
    expect(local.sent).toBe(0)
  })

  /** Makes a stream of JetStream with a unique name. */
  async function stream(options: object = {}) {
    const name = uniqueName('in').replaceAll(/[^A-Za-z0-9_-]/g, '-')
    const connection = await connect({ servers: server.url })
    onTestFinished(() => connection.close())
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name, subjects: [`${name}.>`], ...options })
    const publish = (body: string | Uint8Array, fields: Record<string, string> = {}, last = 'x') => {
      const found = headers()
      for (const [key, value] of Object.entries(fields)) found.set(key, value)
      return manager.jetstream().publish(`${name}.${last}`, body, { headers: found })
    }
    return { name, manager, publish, connection }
  }
})

async function numbers(reader: StreamReader<typeof Quote>, count: number): Promise<number[]> {
  const found: number[] = []
  while (found.length < count) {
    const message = await reader.receive({ timeoutMs: 20_000 })
    if (message === undefined) throw new Error(`only ${found.length} of ${count} messages came`)
    found.push(message.number)
  }
  return found
}

function figures({ bridge }: ReturnType<typeof startBridge>) {
  return bridge.routes[0]?.figures
}
