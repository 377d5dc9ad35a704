import { openQueue } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { createQueue, joinQueue } from '@memlane/producer'
import { payload, struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { seed } from '@memlane/testing/seed'
import { describe, expect, it } from 'vitest'
import { openTail, type Tail } from '../src/index.js'

const Job = struct('Job', { n: u32 })

function read(tail: Tail): number[] {
  const numbers: number[] = []
  tail.poll((message) => numbers.push((message.value as { n: number }).n))
  return numbers
}

describe('a tail of a queue', () => {
  it('sees each message once, whether it waits, is taken, or was acknowledged', async () => {
    const name = uniqueName('tail')
    using writer = createQueue(name, Job, { capacity: 16 })
    const reader = await openQueue(name, Job)
    using tail = openTail(name)
    let sent = 0
    for (let round = 0; round < 50; round++) {
      for (let n = 0; n < 3; n++) writer.trySend({ n: sent++ })
      if (round % 3 === 0) reader.tryTake()?.ack()
      if (round % 3 === 1) reader.poll(() => {})
      const held = reader.tryTake()
      expect(read(tail)).toEqual([sent - 3, sent - 2, sent - 1])
      held?.ack()
      reader.poll(() => {})
    }
    expect(tail.missed).toBe(0)
    using other = await joinQueue(name, Job)
    other.trySend({ n: 1000 })
    reader.poll(() => {})
    const seen: object[] = []
    tail.poll(({ producer, sequence, kind, value, missedBefore, time }) => {
      seen.push({ producer, sequence, kind, value, missedBefore, near: Math.abs((time as number) - Date.now()) < 1000 })
    })
    expect(seen).toEqual([
      { producer: 1, sequence: 0, kind: 'message', value: { n: 1000 }, missedBefore: 0, near: true },
    ])
    await reader.close()
  })

  it('begins now, with the newest message that is there, or with the oldest', async () => {
    const name = uniqueName('tail')
    using writer = createQueue(name, Job, { capacity: 8 })
    const reader = await openQueue(name, Job)
    for (let n = 0; n < 20; n++) {
      writer.trySend({ n })
      if (n < 16) reader.tryTake()?.ack()
    }
    const tails = (['now', 'newest', 'oldest'] as const).map((from) => openTail(name, { from }))
    writer.trySend({ n: 20 })
    expect(tails.map(read)).toEqual([[20], [19, 20], [16, 17, 18, 19, 20]])
    expect(tails.map(({ missed }) => missed)).toEqual([0, 0, 0])
    for (const tail of tails) tail.close()
    await reader.close()
  })

  it('counts what it does not see, and never shows a message that is being replaced', async () => {
    const name = uniqueName('tail')
    using writer = createQueue(name, payload.bytes, { capacity: 8, maxMessageLength: 400 })
    const reader = await openQueue(name, payload.bytes)
    using tail = openTail(name)
    const random = randomFrom(seed)
    const sent: number[] = []
    const seen: number[] = []
    for (let round = 0; round < 600; round++) {
      for (let count = Math.floor(random() * 12); count > 0; count--) {
        const length = 1 + Math.floor(random() * 400)
        if (!writer.trySend(new Uint8Array(length).fill(sent.length))) break
        sent.push(length)
        if (random() < 0.8) reader.poll(() => {}, 3)
      }
      // A claim that is open, and filled with other bytes.
      const claim = writer.claim(300)
      claim?.set(new Uint8Array(300).fill(255))
      tail.poll((message) => {
        const bytes = message.bytes()
        expect(bytes).toEqual(new Uint8Array(sent[message.sequence] as number).fill(message.sequence))
        expect(message.sequence - message.missedBefore).toBe((seen.at(-1) ?? -1) + 1)
        seen.push(message.sequence)
      })
      if (claim !== undefined) writer.abort()
      expect((seen.at(-1) ?? -1) + 1).toBeLessThanOrEqual(sent.length)
      expect(seen.length + tail.missed).toBe(sent.length)
    }
    expect(tail.missed).toBeGreaterThan(20)
    expect(seen.length).toBeGreaterThan(300)
    await reader.close()
  })

  it('leaves every byte as it is, and ends with the last participant', async () => {
    const name = uniqueName('tail')
    const writer = createQueue(name, Job)
    const reader = await openQueue(name, Job)
    writer.trySend({ n: 1 })
    using memory = SharedMemory.open(name, { access: 'read' })
    const before = memory.bytes.slice()
    const tail = openTail(name, { from: 'oldest', intervalMs: 1 })
    expect(read(tail)).toEqual([1])
    expect(Buffer.compare(memory.bytes, before)).toBe(0)
    expect(reader.tryTake()?.value).toEqual({ n: 1 })
    await reader.close()
    writer.close()
    memory.close()
    for await (const _ of tail) throw new Error('there was no message')
    expect(tail.ended).toBe('closed')
  })

  it(`bears any bytes (seed ${seed})`, () => {
    const random = randomFrom(seed)
    const name = uniqueName('tail')
    using writer = createQueue(name, payload.json(), { capacity: 4, maxProducers: 2, maxMessageLength: 100 })
    for (let n = 0; n < 3; n++) writer.trySend({ n })
    using memory = SharedMemory.open(name)
    const words = new Uint32Array(memory.buffer)
    using tail = openTail(name, { from: 'oldest' })
    for (let change = 0; change < 20_000; change++) {
      const index = 128 / 4 + Math.floor(random() * (8192 / 4))
      words[index] = random() < 0.5 ? Math.floor(random() * 2 ** 32) : Math.floor(random() * 200)
      tail.poll((message) => message.bytes())
    }
  })
})
