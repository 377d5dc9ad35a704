import { setTimeout } from 'node:timers/promises'
import { createStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { describe, expect, it } from 'vitest'
import { startBridge } from './start-bridge.js'
import { sequencesIn, storedMessages, upTo } from './stored-messages.js'
import { until } from './until.js'

const Tick = struct('Tick', { id: u32, value: u32 })

/** Sends messages all the time. */
function startProducer(name: string) {
  const writer = createStream(name, Tick, { capacity: 65_536, withoutConsumers: 'wait' })
  let isStopping = false
  let count = 0
  const sending = (async () => {
    while (!isStopping) {
      await writer.send({ id: count++, value: 0 })
      if (count % 20 === 0) await setTimeout(1)
    }
  })()
  return {
    get count() {
      return count
    },
    async stop() {
      isStopping = true
      await sending
      await writer.flush()
      writer.close()
    },
  }
}

describe.runIf(hasNats)('a route from a stream to JetStream, while its servers fail,', () => {
  it('loses nothing and keeps the order when the server is killed, restarted and stopped', async () => {
    await using server = await NatsServer.start()
    const name = uniqueName('server')
    const route = { kind: 'stream-out', name, subject: name, jetstream: name, onOverrun: 'block', create: {} }
    await using started = startBridge(server.url, 'here', [route])
    const producer = startProducer(name)
    const [status] = await until(() => started.bridge.routes.length > 0 && started.bridge.routes)
    const { figures } = status as NonNullable<typeof status>
    const isGoingOn = async () => {
      const { forwarded } = figures
      await until(() => figures.forwarded > forwarded + 200)
    }
    for (let kill = 0; kill < 3; kill++) {
      await isGoingOn()
      await server.kill()
      await server.restart()
    }
    await isGoingOn()
    await server.kill('SIGSTOP')
    await until(() => figures.error?.includes('JetStream has not answered'))
    await server.kill('SIGCONT')
    await isGoingOn()
    await producer.stop()
    expect(sequencesIn(await storedMessages(server.url, name))).toEqual(upTo(producer.count))
    expect(figures).toMatchObject({ forwarded: producer.count, error: undefined, lag: 0 })
    expect(figures.retries).toBeGreaterThan(0)
  })

  it('loses nothing and keeps the order when the leader of a cluster changes', async () => {
    const servers = await NatsServer.startCluster(3)
    try {
      const urls = servers.map(({ url }) => url)
      const name = uniqueName('cluster')
      const create = { replicas: 3, storage: 'memory' }
      const route = { kind: 'stream-out', name, subject: name, jetstream: name, onOverrun: 'block', create }
      await using started = startBridge(urls, 'here', [route])
      const producer = startProducer(name)
      const [status] = await until(() => started.bridge.routes.length > 0 && started.bridge.routes)
      const { figures } = status as NonNullable<typeof status>
      const connection = await connect({ servers: urls, maxReconnectAttempts: -1 })
      const manager = await jetstreamManager(connection, { checkAPI: false })
      await until(() => figures.forwarded > 0)
      expect((await manager.streams.info('KV_memlane_schemas')).config.num_replicas).toBe(3)
      for (let change = 0; change < 4; change++) {
        const { forwarded } = figures
        await until(() => figures.forwarded > forwarded + 300)
        if (change === 3) {
          const { cluster } = await manager.streams.info(name)
          await servers[Number(cluster?.leader?.at(-1)) - 1]?.kill()
        } else await connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${name}`)
      }
      const { forwarded } = figures
      await until(() => figures.forwarded > forwarded + 300)
      await producer.stop()
      await connection.close()
      const living = urls.filter((_, index) => servers[index]?.pid !== undefined)
      const stored = await until(() => storedMessages(living, name).catch(() => undefined)) // without a leader at first
      expect(sequencesIn(stored)).toEqual(upTo(producer.count))
    } finally {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    }
  })
})
