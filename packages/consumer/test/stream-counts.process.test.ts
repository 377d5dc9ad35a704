import { createStream, joinStream } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const CAPACITY = 65_536
const code = (code: string) => expect.objectContaining({ name: 'SharedMemoryError', code })

describe.each(['wait', 'overwrite'] as const)('the counts of a stream, overflow: "%s"', (overflow) => {
  const make = () => createStream(uniqueName('counts'), Numbered, { capacity: CAPACITY, overflow })

  it('exclude the dead', async () => {
    using writer = make()
    await using consumers = new StreamPeer()
    await using producer = new StreamPeer()
    await consumers.call('open', writer.name)
    await producer.call('join', writer.name)
    using reader = await openStream(writer.name, Numbered)
    expect([writer.consumers, reader.producers]).toEqual([2, 2])
    await Promise.all([consumers.kill(), producer.kill()])
    expect([writer.consumers, reader.producers]).toEqual([1, 1])
  })

  it('exclude participants that closed', async () => {
    using writer = make()
    const other = await joinStream(writer.name, Numbered)
    using reader = await openStream(writer.name, Numbered)
    const second = await openStream(writer.name, Numbered)
    expect([writer.consumers, reader.producers]).toEqual([2, 2])
    other.close()
    second.close()
    expect([writer.consumers, reader.producers]).toEqual([1, 1])
  })
})

describe.each([
  ['wait', 'adaptive'],
  ['wait', 'park'],
  ['overwrite', 'park'],
  ['overwrite', 'spin'],
] as const)('consumersReady, overflow: "%s", waitStrategy: "%s"', (overflow, waitStrategy) => {
  const make = (options = {}) =>
    createStream(uniqueName('counts'), Numbered, { capacity: CAPACITY, overflow, waitStrategy, ...options })

  it('waits for consumers, which get everything that is sent from then on', async () => {
    for (let round = 0; round < 5; round++) {
      using writer = make()
      await using first = new StreamPeer()
      await using second = new StreamPeer()
      const both = writer.consumersReady(2)
      await first.call('open', writer.name)
      expect(await writer.consumersReady(1)).toBe(true)
      expect(await Promise.race([both, writer.consumersReady(2, { timeoutMs: 5 })])).toBe(false)
      void second.call('open', writer.name)
      expect(await both).toBe(true)
      writer.trySend(numbered(process.pid, 0, 0, 0))
      const received = await Promise.all([first, second].map((peer) => peer.call('consume', 'receive', 1)))
      expect(received.map(({ count }) => count)).toEqual([1, 1])
    }
  })

  it('does not block sends, and is not blocked by them', async () => {
    using writer = make()
    using reader = await openStream(writer.name, Numbered)
    const ready = writer.consumersReady(2)
    const message = numbered(process.pid, 0, 0, 0)
    while (writer.trySend(message) && writer.sent < 10_000);
    const sends = [writer.send(message), writer.send(message)]
    await new Promise((resolve) => setTimeout(resolve, 5))
    reader.poll(() => {}, Infinity)
    await Promise.all(sends)
    using _second = await openStream(writer.name, Numbered)
    expect(await ready).toBe(true)
  })

  it('does not count a consumer that was killed', async () => {
    using writer = make()
    await using dead = new StreamPeer()
    await dead.call('open', writer.name)
    expect(await writer.consumersReady()).toBe(true)
    await dead.kill()
    expect(await writer.consumersReady(1, { timeoutMs: 20 })).toBe(false)
    const ready = writer.consumersReady(1)
    using _reader = await openStream(writer.name, Numbered)
    expect(await ready).toBe(true)
  })

  it('ends by a signal, a timeout and close', async () => {
    const writer = make()
    expect(await writer.consumersReady(1, { timeoutMs: 0 })).toBe(false)
    const controller = new AbortController()
    const aborted = writer.consumersReady(1, { signal: controller.signal })
    controller.abort('enough')
    await expect(aborted).rejects.toBe('enough')
    const closed = writer.consumersReady()
    setTimeout(() => writer.close(), 5)
    await expect(closed).rejects.toThrow(code('CLOSED'))
    await expect(writer.consumersReady()).rejects.toThrow(code('CLOSED'))
  })

  it('refuses counts that the stream cannot have', async () => {
    using writer = make({ maxConsumers: 2 })
    for (const count of [0, -1, 1.5, 3]) await expect(writer.consumersReady(count)).rejects.toThrow(RangeError)
    await expect(writer.consumersReady('1' as never)).rejects.toThrow(TypeError)
  })
})
