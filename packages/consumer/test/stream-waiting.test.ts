import { Doorbell, Lease } from '@memlane/core'
import { createStream, joinStream } from '@memlane/producer'
import { payload, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const CAPACITY = 65_536
const code = (code: string) => expect.objectContaining({ name: 'SharedMemoryError', code })
const make = (options: Parameters<typeof createStream>[2] = {}) =>
  createStream(uniqueName('stream'), u32, { capacity: CAPACITY, ...options })
const later = (ms = 10) => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(['adaptive', 'park', 'spin'] as const)('waiting, %s', (wait) => {
  it('does not mistake a producer that closes during the check for a dead producer', async () => {
    using writer = make({ waitStrategy: wait })
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    const { watch } = Doorbell.prototype
    const { isHeld } = Lease
    Doorbell.prototype.watch = function (this: Doorbell, slot) {
      writer.close()
      return watch.call(this, slot)
    }
    Lease.isHeld = (memory, slot) => {
      writer.close()
      return isHeld(memory, slot)
    }
    try {
      expect(await reader.ready({ timeoutMs: 10_000 })).toBe(false)
    } finally {
      Doorbell.prototype.watch = watch
      Lease.isHeld = isHeld
    }
    expect([writer.closed, reader.end]).toEqual([true, 'closed'])
  })

  it('ends with each message that comes', async () => {
    using writer = make({ waitStrategy: wait })
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    for (let i = 0; i < 20; i++) {
      const receiving = reader.receive()
      if (i % 2) await later(2)
      writer.trySend(i)
      expect(await receiving).toBe(i)
    }
  })

  it('ends with room', async () => {
    using writer = make({ waitStrategy: wait })
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    let sent = 0
    while (writer.trySend(sent)) sent++
    const sending = [writer.send(sent), writer.sendBatch([sent + 1, sent + 2])]
    await later()
    let got = 0
    reader.poll((message) => expect(message.value).toBe(got++), Infinity)
    await Promise.all(sending)
    const flushing = writer.flush()
    await later()
    reader.poll((message) => expect(message.value).toBe(got++), Infinity)
    await flushing
    expect(got).toBe(sent + 3)
  })

  it('ends at the timeout, without a message and without an end', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    for (const timeoutMs of [0, 1, 20]) {
      expect(await reader.receive({ timeoutMs })).toBeUndefined()
      expect(await reader.ready({ timeoutMs })).toBe(false)
      expect(reader.receiveSync({ timeoutMs })).toBeUndefined()
      expect(reader.readySync({ timeoutMs })).toBe(false)
    }
    expect(reader.end).toBeUndefined()
    for (const timeoutMs of [-1, Number.NaN]) {
      await expect(reader.receive({ timeoutMs })).rejects.toThrow(RangeError)
      await expect(reader.ready({ timeoutMs })).rejects.toThrow(RangeError)
      expect(() => reader.receiveSync({ timeoutMs })).toThrow(RangeError)
      expect(() => reader.readySync({ timeoutMs })).toThrow(RangeError)
    }
    writer.trySend(1)
    expect(reader.receiveSync({ timeoutMs: 0 })).toBe(1)
  })

  it('ends when the signal aborts, and leaves nothing behind', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    const controller = new AbortController()
    const { signal } = controller
    const receiving = reader.receive({ signal })
    await later()
    controller.abort('enough')
    await expect(receiving).rejects.toBe('enough')
    await expect(reader.receive({ signal })).rejects.toBe('enough')
    await expect(reader.ready({ signal })).rejects.toBe('enough')
    writer.trySend(1)
    await expect(reader.receive({ signal })).rejects.toBe('enough') // and takes no message
    expect(await reader.receive()).toBe(1)
    const again = reader.receive()
    await later()
    writer.trySend(2)
    expect(await again).toBe(2)
  })

  it('ends with CLOSED when the consumer is closed meanwhile', async () => {
    for (const pause of [0, 10]) {
      using writer = make()
      const reader = await openStream(writer.name, u32, { waitStrategy: wait })
      const receiving = reader.receive()
      if (pause) await later(pause)
      reader.close()
      reader.unref().ref()
      await expect(receiving).rejects.toThrow(code('CLOSED'))
      expect(writer.consumers).toBe(0)
    }
  })

  it('ends with the stream', async () => {
    const writer = make()
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    const receiving = reader.receive()
    await later()
    writer.close()
    expect(await receiving).toBeUndefined()
    expect(reader.end).toBe('closed')
  })

  it('is refused while another wait runs', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    const receiving = reader.receive()
    await expect(reader.receive()).rejects.toThrow(TypeError)
    await expect(reader.ready()).rejects.toThrow(TypeError)
    expect(() => reader.receiveSync({ timeoutMs: 1 })).toThrow(TypeError)
    writer.trySend(1)
    expect(await receiving).toBe(1)
  })

  it('is ended by a producer that joins, sends and closes', async () => {
    using keeper = make()
    using reader = await openStream(keeper.name, u32, { waitStrategy: wait })
    const receiving = reader.receive()
    await later()
    const guest = await joinStream(keeper.name, u32)
    guest.trySend(9)
    guest.close()
    expect(await receiving).toBe(9)
  })
})

it.each(['adaptive', 'park', 'spin'] as const)('padding alone is no message, %s', async (wait) => {
  using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY })
  using reader = await openStream(writer.name, payload.bytes, { waitStrategy: wait })
  for (let i = 0; i < 2; i++) {
    writer.trySend(new Uint8Array(writer.maxMessageLength))
    expect(reader.tryReceive()).toBeDefined()
  }
  // The rest of the lane is too short for the claim. So padding is published, and then no message.
  expect(writer.claim(1000)).toBeDefined()
  writer.abort()
  expect(await reader.ready({ timeoutMs: 0 })).toBe(false)
  expect(reader.readySync({ timeoutMs: 0 })).toBe(false)
  const sending = later(20).then(() => writer.trySend(new Uint8Array([7])))
  expect(await reader.receive()).toEqual(new Uint8Array([7]))
  await sending
  writer.close()
  expect(await reader.receive()).toBeUndefined()
  expect(reader.end).toBe('closed')
})

it('a wait rejects with CLOSED if one of the next microtasks closes the consumer', async () => {
  for (let turns = 0; turns < 12; turns++) {
    using writer = make()
    const reader = await openStream(writer.name, u32, { waitStrategy: 'park' })
    const first = reader.receive()
    await later(1)
    writer.trySend(1) // rings
    reader.tryReceive()
    await later(1) // it sleeps again
    writer.trySend(2)
    reader.tryReceive()
    const closing = (async () => {
      for (let turn = 0; turn < turns; turn++) await undefined
      reader.close()
    })()
    await expect(first).rejects.toThrow(code('CLOSED'))
    await closing
  }
})

it('a signal whose listeners cannot be added ends only its own wait', async () => {
  using writer = make()
  using reader = await openStream(writer.name, u32)
  const { signal } = new AbortController()
  signal.addEventListener = () => {
    throw new Error('mine')
  }
  await expect(reader.receive({ signal })).rejects.toThrow('mine')
  writer.trySend(1)
  expect(await reader.receive({ timeoutMs: 1000 })).toBe(1)
  expect(await reader.receive({ timeoutMs: 1 })).toBeUndefined()
})

it('a signal that outlives its waits keeps none of their listeners', async () => {
  using writer = make()
  using reader = await openStream(writer.name, u32)
  const { signal } = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...rest: Parameters<typeof add>) => {
    listeners++
    add(...rest)
  }
  signal.removeEventListener = (...rest: Parameters<typeof remove>) => {
    listeners--
    remove(...rest)
  }
  for (let i = 0; i < 5; i++) {
    const receiving = reader.receive({ signal })
    await later(2)
    writer.trySend(i)
    expect(await receiving).toBe(i)
    expect(await reader.ready({ signal, timeoutMs: 2 })).toBe(false)
  }
  expect(listeners).toBe(0)
})
