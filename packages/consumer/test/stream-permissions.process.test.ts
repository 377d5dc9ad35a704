import { capabilities } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { DeliveryCheck } from '@memlane/testing/delivery-check'
import { Numbered } from '@memlane/testing/numbered-message'
import { Onlooker } from '@memlane/testing/onlooker'
import { readings } from '@memlane/testing/readings'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const COUNT = 3000
const everybody = capabilities.permissions === 'mode' ? { mode: 0o666 } : { securityDescriptor: 'D:(A;;GRGW;;;WD)' }

// Bells and leases have the permissions of their memory. No process here has more rights than to read and write.
describe('a stream that everybody may read and write', () => {
  it('wakes its sleepers, in both directions, and notices deaths', async () => {
    const name = uniqueName('memlane')
    await using producer = new StreamPeer()
    const { author } = await producer.call('create', name, { ...everybody, capacity: 65_536, waitStrategy: 'park' })
    using reader = await openStream(name, Numbered, { from: 'oldest', waitStrategy: 'park' })
    await using victim = new StreamPeer()
    await victim.call('open', name, { from: 'oldest' })
    const check = new DeliveryCheck()
    const read = readings.receive(reader, check, Infinity)
    using onlooker = new Onlooker(name)
    await onlooker.untilAsleep('consumers')
    const produced = producer.call('produce', 'send', COUNT)
    await onlooker.untilAsleep('producers')
    await victim.kill()
    expect(await produced).toBe(COUNT)
    await producer.kill()
    await read
    expect([reader.end, check.authors]).toEqual(['died', { [author]: [0, COUNT - 1] }])
  })

  it('lets its slots be taken again', async () => {
    const name = uniqueName('memlane')
    using _producer = createStream(name, Numbered, { ...everybody, maxConsumers: 1 })
    for (let round = 0; round < 3; round++) {
      await using consumer = new StreamPeer()
      await consumer.call('open', name)
      await expect(openStream(name, Numbered)).rejects.toMatchObject({ code: 'FULL' })
      await consumer.kill()
      const successor = await openStream(name, Numbered)
      successor.close()
    }
  })
})
