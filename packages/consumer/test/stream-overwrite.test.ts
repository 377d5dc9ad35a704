import { SharedMemory } from '@memlane/core'
import { createStream, joinStream } from '@memlane/producer'
import { payload, struct, u32, u64 } from '@memlane/protocol'
import { StreamControl } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openStream, type StreamReader } from '../src/index.js'

const CAPACITY = 65_536
const make = (options: Parameters<typeof createStream>[2] = {}) =>
  createStream(uniqueName('stream'), u32, { capacity: CAPACITY, overflow: 'overwrite', ...options })

/** Receives all messages that are there, checks that their numbers ascend, and returns how many there were. */
function receiveAll(reader: StreamReader<typeof u32>, last = -1): { count: number; last: number } {
  let count = 0
  for (let message = reader.tryReceive(); message !== undefined; message = reader.tryReceive()) {
    if (message <= last) expect.unreachable(`${message} after ${last}`)
    last = message
    count++
  }
  return { count, last }
}

describe.each(['readwrite', 'read'] as const)('a consumer that is overtaken, access %s', (access) => {
  it('is told exactly how many messages it missed', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32, { access })
    let sent = 0
    let received = 0
    let last = -1
    for (const burst of [10, 5000, 3, 20_000, 1, 9000, 0, 100_000]) {
      for (let i = 0; i < burst; i++) writer.trySend(sent++)
      const got = receiveAll(reader, last)
      received += got.count
      last = got.last
      expect(received + reader.missed).toBe(sent)
      expect(last).toBe(sent - 1)
    }
    expect(reader.missed).toBeGreaterThan(100_000)
  })

  it('counts what it missed before it has read anything', async () => {
    using writer = make()
    using before = await openStream(writer.name, u32, { access })
    using oldest = await openStream(writer.name, u32, { access, from: 'oldest' })
    for (let i = 0; i < 50_000; i++) writer.trySend(i)
    for (const reader of [before, oldest]) expect(receiveAll(reader).count + reader.missed).toBe(50_000)
    using late = await openStream(writer.name, u32, { access })
    expect(late.missed).toBe(0)
    for (let i = 0; i < 50_000; i++) writer.trySend(i)
    expect(receiveAll(late).count + late.missed).toBe(50_000)
  })

  it('counts what it missed in a lane that a producer took up later', async () => {
    using keeper = make()
    using reader = await openStream(keeper.name, u32, { access })
    expect(reader.tryReceive()).toBeUndefined()
    using guest = await joinStream(keeper.name, u32)
    for (let i = 0; i < 50_000; i++) guest.trySend(i)
    expect(receiveAll(reader).count + reader.missed).toBe(50_000)
  })

  it('counts what it missed with poll, while it iterates, and while it waits', async () => {
    const writer = make()
    using reader = await openStream(writer.name, u32, { access })
    let sent = 0
    const send = (count: number) => {
      for (let i = 0; i < count; i++) writer.trySend(sent++)
    }
    send(20_000)
    let received = 0
    for (let count = 1; count > 0; received += count) count = reader.poll(() => {})
    expect(received + reader.missed).toBe(sent)
    setTimeout(() => {
      send(20_000)
      writer.close()
    }, 5)
    for await (const batch of reader.batches()) received += batch.length
    expect(received + reader.missed).toBe(sent)
    expect(reader.end).toBe('closed')
  })

  it('gets whole messages of any length, and no error, whatever bytes overwrite the lane', async () => {
    using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY, overflow: 'overwrite' })
    using reader = await openStream(writer.name, payload.bytes, { access })
    let sent = 0
    let received = 0
    // Payloads that look like headers of records: of every kind, and of every length up to the whole lane.
    const send = (length: number, word: number) => {
      const words = new Uint32Array(length >> 2).fill(word)
      words[0] = sent++
      expect(writer.trySend(new Uint8Array(words.buffer))).toBe(true)
    }
    for (let round = 0; round < 400; round++) {
      const word = ((((round * 7919) % CAPACITY) << 3) | (round % 4)) >>> 0
      const length = 4 + 4 * ((round * 331) % 8000)
      for (let i = 0; i < 1 + (round % 12); i++) send(length, word)
      for (let i = 0; i < round % 5; i++) {
        const message = reader.tryReceive()
        if (message === undefined) break
        received++
        const words = new Uint32Array(message.buffer)
        if (words.length > 1) expect(words.subarray(1).every((value) => value === words[1])).toBe(true)
      }
    }
    while (reader.tryReceive() !== undefined) received++
    expect(received + reader.missed).toBe(sent)
  })
})

it('a read-only consumer takes no slot, blocks no producer, and is not counted', async () => {
  using writer = make({ maxConsumers: 1 })
  const readers = await Promise.all([1, 2, 3].map(() => openStream(writer.name, u32, { access: 'read' })))
  using _slot = await openStream(writer.name, u32)
  expect(writer.consumers).toBe(1)
  await expect(openStream(writer.name, u32)).rejects.toThrow(expect.objectContaining({ code: 'FULL' }))
  writer.trySend(5)
  await writer.flush({ timeoutMs: 0 })
  for (const reader of readers) {
    expect(reader.tryReceive()).toBe(5)
    while (reader.tryReceive() !== undefined);
    const receiving = reader.receive()
    setTimeout(() => writer.trySend(6), 5)
    expect(await receiving).toBe(6)
    expect(reader.tryReceive()).toBeUndefined()
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 5)
    await expect(reader.receive({ signal: controller.signal })).rejects.toBe('enough')
    expect(await reader.receive({ timeoutMs: 5 })).toBeUndefined()
    expect(reader.receiveSync({ timeoutMs: 5 })).toBeUndefined()
    reader.close()
    await expect(reader.receive()).rejects.toThrow(expect.objectContaining({ code: 'CLOSED' }))
  }
})

it('4 GiB and more are counted: a position of an earlier lap of 2^32 bytes is not mistaken for a current position', async () => {
  const Wide = struct('Wide', { seq: u64 })
  const name = uniqueName('stream')
  using keeper = createStream(name, Wide, { capacity: CAPACITY, overflow: 'overwrite' })
  using memory = SharedMemory.open(name)
  // Lane 1, with the words of a lane that has carried nearly 8 GiB. No producer has used it.
  const base = 2n ** 33n - 65_536n * 2n
  const slot = 1024 + 128
  const view = new DataView(memory.buffer)
  view.setBigUint64(slot + 8, base, true)
  view.setUint32(slot + 16, Number(base & 0xffff_ffffn), true)
  view.setUint32(slot + 20, 1000, true)
  using writer = await joinStream(name, Wide, { lane: 1 })
  expect(writer.sent).toBe(1000)
  using reader = await openStream(name, Wide)
  using stuck = await openStream(name, Wide)
  let sent = 0n
  let received = 0
  let next = 0n
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 500; i++) writer.trySend({ seq: sent++ })
    for (let i = 0; i < 500; i++) {
      expect(reader.tryReceive()).toEqual({ seq: next++ })
      received++
    }
  }
  expect([received, reader.missed]).toEqual([20_000, 0])
  const after = view.getBigUint64(slot + 8, true)
  expect(after).toBeGreaterThan(2n ** 33n)
  let held = 0
  for (let message = stuck.tryReceive(); message !== undefined; message = stuck.tryReceive()) held++
  expect(held + stuck.missed).toBe(20_000)

  // Exactly one lap of 2^32 bytes later: the same lower half, and the same bytes in the lane.
  writer.trySend({ seq: sent++ })
  view.setBigUint64(slot + 8, after + 2n ** 32n, true)
  expect(stuck.tryReceive()).toBeDefined()
  expect(keeper.closed).toBe(false)
})

it('a consumer keeps its timeout, and lets the event loop run, while every message is overwritten before it is read', async () => {
  const most = 3_000_000
  using writer = make()
  using reader = await openStream(writer.name, u32)
  const { hasStayed } = StreamControl.prototype
  let looks = 0
  StreamControl.prototype.hasStayed = () => ++looks > most
  try {
    const controller = new AbortController()
    setImmediate(() => controller.abort('enough'))
    await expect(reader.receive({ signal: controller.signal })).rejects.toBe('enough')
    expect(await reader.receive({ timeoutMs: 1 })).toBe(undefined)
    for (const timeoutMs of [0, 1]) expect(reader.receiveSync({ timeoutMs })).toBe(undefined)
    expect(looks).toBeLessThan(most)
  } finally {
    StreamControl.prototype.hasStayed = hasStayed
  }
})
