import { capabilities } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

describe('a producer that is killed and started again', () => {
  it.each(['wait', 'overwrite'] as const)(
    'continues its lane with the same program while a consumer lives, overflow: "%s"',
    async (overflow) => {
      const name = uniqueName('restart')
      const options = { capacity: 65_536, overflow, waitStrategy: 'park' }
      await using consumer = new StreamPeer()
      let received: Promise<{ count: number }> | undefined
      for (let start = 0; start < 4; start++) {
        await using producer = new StreamPeer()
        const created = await producer.call('create', name, options)
        expect([created.lane, created.sent]).toEqual([0, start * 500])
        if (start === 0) await consumer.call('open', name, { endOn: 'closed', from: 'oldest' })
        received ??= consumer.call('consume', 'receive')
        await producer.call('produce', 'send', 500)
        if (start < 3) await producer.kill()
        else await producer.call('closeWriter')
      }
      expect(await received).toMatchObject({ end: 'closed', count: 2000 })
    },
  )

  it('is refused while another producer lives, and the error has the process id of that producer', async () => {
    const name = uniqueName('restart')
    await using first = new StreamPeer()
    await first.call('create', name)
    using _consumer = await openStream(name, Numbered)
    const refused = expect.objectContaining({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining(`it has a producer already: process ${first.child.pid} (lane 0).`),
    })
    expect(() => createStream(name, Numbered)).toThrow(refused)
    await first.kill()
    using again = createStream(name, Numbered)
    expect(again.lane).toBe(0)
  })

  it('creates a new stream if no consumer lives', async () => {
    const name = uniqueName('restart')
    for (const capacity of [65_536, 131_072]) {
      await using producer = new StreamPeer()
      expect(await producer.call('create', name, { capacity })).toMatchObject({ sent: 0 })
      await producer.call('produce', 'send', 10)
      await producer.kill()
    }
  })

  // Windows has no SIGSTOP.
  it.runIf(capabilities.namespace === 'posix')('can be killed before its lane is open', async () => {
    const name = uniqueName('restart')
    await using first = new StreamPeer()
    await first.call('signalAt', 'SIGSTOP', 'Lease', 'claim', 'before')
    void first.call('create', name)
    using consumer = await openStream(name, Numbered)
    await first.kill()
    using again = createStream(name, Numbered)
    expect(again.trySend(numbered(process.pid, 0, 0, 0))).toBe(true)
    expect(consumer.tryReceive()).toBeDefined()
  })
})

describe('several processes that start at the same time', () => {
  it('make one of them the producer, and the others get an error that names it', { timeout: 120_000 }, async () => {
    const starters = Array.from({ length: 4 }, () => new StreamPeer())
    try {
      for (let round = 0; round < 20; round++) {
        const name = uniqueName('restart')
        // Odd rounds start without a stream. In even rounds a consumer has kept the stream, and one process takes it over.
        const first = round % 2 ? undefined : createStream(name, Numbered, { capacity: 65_536 })
        using _consumer = first && (await openStream(name, Numbered))
        first?.close()
        const outcomes = await Promise.all(
          starters.map((starter) =>
            starter.call('create', name).then(
              () => starter,
              (error) => error as { code: string; message: string },
            ),
          ),
        )
        const winners = outcomes.filter((outcome) => outcome instanceof StreamPeer)
        expect(winners.length).toBe(1)
        const pid = (winners[0] as StreamPeer).child.pid
        for (const outcome of outcomes) {
          if (outcome instanceof StreamPeer) continue
          expect(outcome.code).toBe('ALREADY_EXISTS')
          expect(outcome.message).toContain(`process ${pid} (lane 0)`)
        }
        await (winners[0] as StreamPeer).call('closeWriter')
      }
    } finally {
      for (const starter of starters) await starter[Symbol.asyncDispose]()
    }
  })
})
