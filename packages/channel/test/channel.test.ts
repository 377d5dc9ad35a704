import { setTimeout as sleep } from 'node:timers/promises'
import { capabilities, Doorbell, Lease, SharedMemory } from '@memlane/core'
import { bytes, f64, i32, LayoutError, payload, struct, u32, union, utf8 } from '@memlane/protocol'
import { codecOf, streamShape } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { Channel, claimSlot, claimSlotAlone, createStreamChannel, openLane, type StreamChannel } from '../src/index.js'

const Count = codecOf(u32)
const SMALL = { capacity: 65_536, maxProducers: 2, maxConsumers: 2 }
const code = (code: string) => expect.objectContaining({ name: 'SharedMemoryError', code })

/** One is a Buffer, the other a Uint8Array. */
const plain = (header: StreamChannel['header']) => ({ ...header, instance: [...header.instance] })

describe('a channel', () => {
  it('is opened with what it was created with', async () => {
    const name = uniqueName('channel')
    using created = createStreamChannel(name, Count, { ...SMALL, overflow: 'overwrite', withoutConsumers: 'wait' })
    using opened = Channel.open(streamShape, name, Count)
    using waited = await Channel.waitFor(streamShape, name, Count)
    using readOnly = Channel.open(streamShape, name, Count, { access: 'read' })
    for (const channel of [opened, waited, readOnly]) {
      expect(plain(channel.header)).toEqual(plain(created.header))
      expect(channel.memory.bytes.byteLength).toBe(created.header.controlLength)
    }
    expect(created.header).toMatchObject({ ...SMALL, overflow: 'overwrite', withoutConsumers: 'wait' })
    expect(created.memory.objectLength).toBe(created.header.length)
    using other = createStreamChannel(uniqueName('channel'), Count, SMALL)
    expect(other.header.instance).not.toEqual(created.header.instance)
  })

  it('has lanes of its own, written by one side and read by the other', () => {
    using created = createStreamChannel(uniqueName('channel'), Count, SMALL)
    using opened = Channel.open(streamShape, created.name, Count)
    for (const producer of [0, 1]) {
      const written = openLane(created, producer, 'readwrite')
      const read = openLane(opened, producer, 'read')
      expect([written.buffer.byteLength, read.buffer.byteLength]).toEqual([65_536, 65_536])
      new Uint8Array(written.buffer)[producer] = 7
      expect([...new Uint8Array(read.buffer, 0, 2)]).toEqual(producer ? [0, 7] : [7, 0])
    }
  })

  it('with a schema longer than the first 64 KiB is opened whole', () => {
    const fields = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`field${i}`, u32]))
    const codec = codecOf(struct('Long', fields))
    using created = createStreamChannel(uniqueName('channel'), codec, SMALL)
    expect(created.header.controlLength).toBeGreaterThan(65_536)
    using opened = Channel.open(streamShape, created.name, codec)
    expect(plain(opened.header)).toEqual(plain(created.header))
    const other = codecOf(struct('Long', { ...fields, field1999: utf8(4) }))
    expect(() => Channel.open(streamShape, created.name, other)).toThrow(code('SCHEMA_MISMATCH'))
  })

  it('closes its lanes, its bells and its leases with it', async () => {
    using created = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const opened = Channel.open(streamShape, created.name, Count)
    const lane = openLane(opened, 0, 'read')
    const bell = opened.keep(Doorbell.open(opened.memory, 3))
    const { slot } = claimSlot(opened, opened.control.consumers)
    const woken = new Promise<void>((resolve) => bell.listen(resolve))
    opened.close()
    opened.close()
    expect([opened.closed, lane.closed]).toEqual([true, true])
    await woken
    expect(() => bell.ring()).toThrow(code('CLOSED'))
    expect(Lease.isHeld(created.memory, slot)).toBe(false)
  })

  it.each([
    ['kind', struct('Tick', { price: f64, size: i32 }), 'field size is u32 in the memory, and i32 in this process'],
    ['name', struct('Tick', { price: f64, volume: u32 }), 'field size is missing in this process'],
    ['number', struct('Tick', { price: f64 }), 'field size is missing in this process'],
    ['schema', payload.json(), 'it is struct Tick, 16 bytes in the memory, and payload.json in this process'],
  ])('whose schema differs (%s) is refused, and the error has the first difference', (_, other, difference) => {
    using created = createStreamChannel(
      uniqueName('channel'),
      codecOf(struct('Tick', { price: f64, size: u32 })),
      SMALL,
    )
    expect(() => Channel.open(streamShape, created.name, codecOf(other))).toThrow(`another schema: ${difference}`)
  })

  it('whose creator dies before it is finished is not kept by waiting openers, and they find the next channel', async () => {
    const name = uniqueName('channel')
    const unfinished = SharedMemory.create(name, 65_536)
    const waiting = Channel.waitFor(streamShape, name, Count)
    const inVain = Channel.waitFor(streamShape, name, Count, { timeoutMs: 100 })
    await sleep(20)
    unfinished.close()
    await expect(inVain).rejects.toThrow(code('TIMED_OUT'))
    using created = createStreamChannel(name, Count, SMALL)
    using found = await waiting
    expect(plain(found.header)).toEqual(plain(created.header))
  })

  it.runIf(capabilities.persistent)(
    'whose name now belongs to another channel maps no part of the other channel',
    () => {
      using channel = createStreamChannel(uniqueName('channel'), Count, { ...SMALL, persistent: true })
      SharedMemory.unlink(channel.name)
      using again = createStreamChannel(channel.name, Count, { ...SMALL, persistent: true })
      expect(() => openLane(channel, 1, 'read')).toThrow(code('NOT_FOUND'))
      expect(openLane(again, 1, 'read').buffer.byteLength).toBe(65_536)
      SharedMemory.unlink(again.name)
    },
  )

  it('whose header has the hash of another schema is CORRUPT', () => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    new DataView(channel.memory.buffer).setUint8(72, new DataView(channel.memory.buffer).getUint8(72) ^ 1)
    expect(() => Channel.open(streamShape, channel.name, Count)).toThrow(code('CORRUPT'))
  })

  it('whose creator does not finish it is given up after one second, however long its sleeps take', () => {
    const name = uniqueName('channel')
    using _unfinished = SharedMemory.create(name, 65_536)
    const { wait } = Atomics
    let sleeps = 0
    Atomics.wait = (array: Int32Array | BigInt64Array, index: number, value: never, timeMs = 0) => {
      sleeps++
      return wait(array as Int32Array, index, value, timeMs * 20)
    }
    try {
      expect(() => Channel.open(streamShape, name, Count)).toThrow(code('NOT_READY'))
    } finally {
      Atomics.wait = wait
    }
    expect(sleeps).toBeLessThan(20)
  })

  it.each([
    ['a layout', bytes(40_000)],
    ['a member of a union', union({ short: u32, long: bytes(40_000), text: payload.utf8 })],
  ])('is not created with lanes that %s never fits, and the error says the capacity that is needed', (_, schema) => {
    const create = (capacity: number) => createStreamChannel(uniqueName('channel'), codecOf(schema), { capacity })
    expect(() => create(65_536)).toThrow('Create the stream with a capacity of at least 131072')
    create(131_072).close()
  })

  it('whose creator was overtaken before it claimed a slot refuses its creator', () => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const { producers } = channel.control
    const stateOf = (slot: number) => channel.control.stateOf(slot)
    const claim = (isCreator: boolean) => claimSlotAlone(channel, producers, stateOf, 'Wait.', isCreator, {})
    const other = claim(false) // after a second in which the creator did nothing
    expect(() => claim(true)).toThrow(code('ALREADY_EXISTS'))
    other.lease.release()
    claim(true).lease.release()
  })

  it('that was refused leaves nothing mapped', () => {
    const created = createStreamChannel(uniqueName('channel'), Count, SMALL)
    expect(() => Channel.open(streamShape, created.name, payload.utf8)).toThrow(code('SCHEMA_MISMATCH'))
    created.close()
    expect(() => SharedMemory.open(created.name)).toThrow(code('NOT_FOUND'))
  })

  it('says where its bytes are wrong', () => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    expect(channel.explain(new LayoutError('CORRUPT', 72, 'it is wrong'))).toMatchObject({
      code: 'CORRUPT',
      message: `Stream "${channel.name}": it is wrong (offset 72).`,
    })
    const other = new Error('other')
    expect(channel.explain(other)).toBe(other)
  })
})
