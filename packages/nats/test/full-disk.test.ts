import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { createStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testStream } from './jetstream-for-test.js'
import { startBridge } from './start-bridge.js'
import { sequencesIn, storedMessages, upTo } from './stored-messages.js'
import { until } from './until.js'

const Tick = struct('Tick', { number: u32 })

describe.runIf(hasNats)('a bridge whose disk is full', () => {
  it('starts its routes again until there is room, and loses nothing', async () => {
    await using server = await NatsServer.start()
    const { name, publish } = await testStream(server.url)
    const out = `${name}-out`
    using writer = createStream(out, Tick, { withoutConsumers: 'wait' })
    using local = createStream(name, Tick, { maxProducers: 2 })
    await using started = startBridge(server.url, 'here', [
      { kind: 'stream-out', name: out, subject: `${name}-out`, jetstream: out, onOverrun: 'block', create: {} },
      { kind: 'stream-in', name, subject: `${name}.>`, jetstream: name },
    ])
    const [goesOut, comesIn] = started.bridge.routes.map(({ figures }) => figures) as [Figures, Figures]
    const send = async (numbers: readonly number[]) => {
      for (const number of numbers) {
        await writer.send({ number })
        await publish(JSON.stringify({ number }))
      }
    }
    await send(upTo(5))
    await until(() => goesOut.forwarded === 5 && comesIn.forwarded === 5)

    const full = fullDisk()
    await send(upTo(5))
    await until(() => goesOut.restarts > 2 && comesIn.restarts > 2)
    expect(goesOut.error).toContain('ENOSPC')
    expect(comesIn.error).toContain('ENOSPC')
    full.end()

    await writer.flush()
    await until(() => comesIn.forwarded === 10)
    expect(sequencesIn(await storedMessages(server.url, out))).toEqual(upTo(10))
    expect(local.sent).toBe(0)
  })
})

type Figures = ReturnType<typeof startBridge>['bridge']['routes'][number]['figures']

/** Lets all writes to files of state fail. */
function fullDisk() {
  const { writeSync } = fs
  const end = () => {
    fs.writeSync = writeSync
    syncBuiltinESMExports()
  }
  fs.writeSync = ((...args: readonly unknown[]) => {
    if (args[4] !== undefined) throw new Error('ENOSPC: no space left on device, write')
    return (writeSync as (...args: readonly unknown[]) => number)(...args)
  }) as typeof writeSync
  syncBuiltinESMExports()
  onTestFinished(end)
  return { end }
}
