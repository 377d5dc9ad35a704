import { openStream } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { f64, struct, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { describe, expect, it } from 'vitest'
import { startBridge } from './start-bridge.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64 })

describe.runIf(hasNats)('two bridges', () => {
  it('carry a stream that is created after they were started, with its schema', async () => {
    await using server = await NatsServer.start()
    const name = uniqueName('both')
    const far = `${name}-far`
    const place = { subject: name, jetstream: name }
    await using _site1 = startBridge(server.url, 'site1', [{ kind: 'stream-out', name, create: {}, ...place }])
    await using site2 = startBridge(server.url, 'site2', [{ kind: 'stream-in', name: far, ...place }])
    await site2.bridge.link.whenUp(AbortSignal.timeout(10_000))
    const opening = openStream(far, Quote, { from: 'oldest', timeoutMs: 20_000 })
    using writer = createStream(name, Quote, { withoutConsumers: 'wait' })
    await writer.send({ symbol: 'ACME', bid: 10.5 })
    using reader = await opening
    expect(await reader.receive({ timeoutMs: 20_000 })).toEqual({ symbol: 'ACME', bid: 10.5 })
    expect(reader.descriptor).toEqual(Quote.descriptor)
  })
})
