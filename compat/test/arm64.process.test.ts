import { SharedMemory } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { Onlooker } from '@memlane/testing/onlooker'
import { spawnEcho } from '@memlane/testing/spawn-echo'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { afterAll, describe, expect, it } from 'vitest'
import { canEmulate, type Machine, on, pairs } from '../fixtures/arm64.js'

const MESSAGES = 60_000
const ROUNDS = 2000
const SMALL = { capacity: 65_536 }

const peer = (machine: Machine) => new StreamPeer(on(machine, 'stream-peer'))

afterAll(() => {
  SharedMemory.list()
})

describe.runIf(canEmulate)('a stream between x64 and arm64', () => {
  it('has one side that may publish plainly, and one that may not', { timeout: 60_000 }, async () => {
    await using here = peer('x64')
    await using there = peer('arm64')
    expect(await here.call('system')).toMatchObject({ arch: 'x64' })
    const system = await there.call('system')
    console.log(JSON.stringify(system))
    expect(system).toMatchObject({ arch: 'arm64', publishesPlainly: false })
  })

  describe.each(pairs)('from %s to %s', (from, to) => {
    it('carries every message, and reports the end', { timeout: 300_000 }, async () => {
      const name = uniqueName('stream')
      await using producer = peer(from)
      await using consumer = peer(to)
      let carried = 0
      for (const [sending, reading, wait] of [
        ['send', 'receive', 'park'],
        ['sendBatch', 'batches', 'adaptive'],
        ['claim', 'poll', 'adaptive'],
        ['fillBatch', 'pollSync', 'park'],
        ['sendSync', 'iterate', 'adaptive'],
      ] as const) {
        await producer.call('create', name, { ...SMALL, waitStrategy: wait })
        await producer.call('become', 1)
        await consumer.call('open', name, { waitStrategy: wait })
        const all = consumer.call('consume', reading)
        expect(await producer.call('produce', sending, MESSAGES)).toBe(MESSAGES)
        await producer.call('flush')
        await producer.call('closeWriter')
        expect(await all).toEqual({ end: 'closed', count: MESSAGES, authors: { 1: [0, MESSAGES - 1] } })
        await consumer.call('closeReader')
        carried += MESSAGES
      }
      console.log(`${carried} messages from ${from} to ${to}`)
    })

    it('wakes a consumer that sleeps for a message, and a producer that sleeps for room', {
      timeout: 300_000,
    }, async () => {
      using asks = createStream(uniqueName('stream'), u32)
      using answers = createStream(uniqueName('stream'), u32)
      const echo = (machine: Machine, receives: string, sends: string, role: 'first' | 'second') =>
        spawnEcho({ receives, sends, rounds: ROUNDS, role }, on(machine, 'stream-echo'))
      using answering = echo(to, asks.name, answers.name, 'second')
      await answering.line('joined')
      using asking = echo(from, answers.name, asks.name, 'first')
      const orderly = { code: 0, signal: null, stderr: '', stdout: `joined\n${ROUNDS} rounds\n` }
      expect(await asking.exit).toEqual(orderly)
      expect(await answering.exit).toEqual(orderly)

      const name = uniqueName('stream')
      await using producer = peer(from)
      await using consumer = peer(to)
      await producer.call('create', name, { ...SMALL, waitStrategy: 'park' })
      await consumer.call('open', name, { waitStrategy: 'park' })
      using onlooker = new Onlooker(name)
      let count = 0
      for (const [sending, reading] of [
        ['send', 'receive'],
        ['sendSync', 'receiveSync'],
      ]) {
        for (let round = 0; round < 10; round++) {
          count += 5000
          const sent = producer.call('produce', sending, 5000)
          await onlooker.untilAsleep('producers')
          const received = consumer.call('consume', reading, count)
          expect(await sent).toBe(count)
          expect(await received).toMatchObject({ count })
        }
      }
    })

    it('is continued after a producer was killed, and is not blocked by a killed consumer', {
      timeout: 300_000,
    }, async () => {
      const name = uniqueName('stream')
      await using survivor = peer(to)
      await using killed = peer(to)
      await using producer = peer(from)
      await producer.call('create', name, SMALL)
      await producer.call('become', 1)
      for (const consumer of [survivor, killed])
        await consumer.call('open', name, { endOn: 'closed', waitStrategy: 'park' })
      const all = survivor.call('consume', 'receive')
      using onlooker = new Onlooker(name)
      const sending = producer.call('produce', 'send', 10_000)
      await onlooker.untilAsleep('producers') // they wait for the killed consumer, which reads nothing
      await killed.kill()
      expect(await sending).toBe(10_000)
      expect(await producer.last('dieInClaim')).toMatchObject({ signal: 'SIGKILL' })

      await using successor = peer(to)
      expect(await successor.call('join', name)).toMatchObject({ lane: 0, sent: 10_000 })
      await successor.call('become', 2)
      await successor.call('produce', 'sendBatch', 10_000)
      expect(await successor.last('dieInFill')).toMatchObject({ signal: 'SIGKILL' })

      await using last = peer(from)
      expect(await last.call('join', name)).toMatchObject({ lane: 0, sent: 20_000 })
      await last.call('become', 3)
      await last.call('produce', 'fillBatch', 10_000)
      await last.call('closeWriter')
      const authors = { 1: [0, 9999], 2: [0, 9999], 3: [0, 9999] }
      expect(await all).toEqual({ end: 'closed', count: 30_000, authors })

      await survivor.call('closeReader')
      const next = uniqueName('stream')
      await last.call('create', next, SMALL)
      await survivor.call('open', next, { waitStrategy: 'park' })
      const rest = survivor.call('consume', 'receive')
      await last.call('produce', 'send', 1000)
      await last.kill()
      expect(await rest).toMatchObject({ end: 'died', count: 1000 })
    })
  })
})
