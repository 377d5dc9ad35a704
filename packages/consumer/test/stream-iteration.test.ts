import { createStream } from '@memlane/producer'
import { payload, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openStream, type StreamReader } from '../src/index.js'

const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i)
const later = (ms = 10) => new Promise((resolve) => setTimeout(resolve, ms))

async function pair() {
  const writer = createStream(uniqueName('stream'), u32, { capacity: 65_536 })
  return { writer, reader: await openStream(writer.name, u32) }
}

describe('for await', () => {
  it('continues where the last iteration was left', async () => {
    const { writer, reader } = await pair()
    using _reader = reader
    writer.trySendBatch(numbers(10))
    const seen = []
    for await (const message of reader) {
      seen.push(message)
      if (message === 4) break
    }
    expect(reader.closed).toBe(false)
    writer.close()
    for await (const message of reader) seen.push(message)
    expect(seen).toEqual(numbers(10))
    for await (const message of reader) expect.unreachable(`${message} after the end`)
  })

  it('ends by a signal, message by message and in batches, and leaves the consumer open', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    for (const iteration of [
      (signal: AbortSignal) => reader.messages({ signal }),
      (signal: AbortSignal) => reader.batches({ limit: 10, signal }),
    ]) {
      const abort = new AbortController()
      writer.trySend(7)
      const seen: unknown[] = []
      const reading = (async () => {
        for await (const value of iteration(abort.signal)) seen.push(value)
      })()
      while (seen.length === 0) await later()
      expect(seen.flat()).toEqual([7])
      abort.abort(new Error('enough'))
      await expect(reading).rejects.toThrow('enough')
    }
    writer.trySend(8)
    expect(reader.tryReceive()).toBe(8)
  })

  it('lets the event loop run while the stream is never empty', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    let sent = 0
    const refill = () => {
      while (writer.trySend(sent)) sent++
    }
    refill()
    let received = 0
    for await (const message of reader) {
      expect(message).toBe(received++)
      if (received % 500 === 0) refill()
      if (ticks >= 5) break
    }
    let batched = 0
    ticks = 0
    for await (const batch of reader.batches()) {
      batched += batch.length
      refill()
      if (ticks >= 5) break
    }
    clearInterval(timer)
    expect(received + batched + reader.lag()).toBe(sent)
  })

  it('ends when the consumer is closed while it waits', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    setTimeout(() => reader.close(), 5)
    for await (const message of reader) expect.unreachable(`${message}`)
    expect([reader.closed, reader.end]).toEqual([true, undefined])
  })

  it('ends when its body closes the consumer', async () => {
    for (const iterationOf of [
      (reader: StreamReader<typeof u32>) => reader.messages(),
      (reader: StreamReader<typeof u32>) => reader.batches({ limit: 2 }),
    ]) {
      const { writer, reader } = await pair()
      using _writer = writer
      writer.trySendBatch(numbers(10))
      const seen: unknown[] = []
      for await (const value of iterationOf(reader)) {
        seen.push(value)
        if (seen.length === 2) reader.close()
      }
      expect(seen.length).toBe(2)
    }
  })
})

describe('batches', () => {
  it('hold the messages that are there, at most `limit` of them', async () => {
    const { writer, reader } = await pair()
    using _reader = reader
    writer.trySendBatch(numbers(1000))
    const sizes = []
    const seen = []
    for await (const batch of reader.batches({ limit: 300 })) {
      sizes.push(batch.length)
      seen.push(...batch)
      if (seen.length === 1000) writer.close()
    }
    expect(sizes).toEqual([300, 300, 300, 100])
    expect(seen).toEqual(numbers(1000))
    for (const limit of [0, -1, Number.NaN]) expect(() => reader.batches({ limit })).toThrow(RangeError)
  })
})

describe('a Readable', () => {
  it('gives every message, and ends with the stream', async () => {
    const { writer, reader } = await pair()
    using _reader = reader
    const producing = (async () => {
      for (let i = 0; i < 5000; i++) await writer.send(i)
      writer.close()
    })()
    const seen = []
    for await (const message of reader.toReadable()) seen.push(message)
    await producing
    expect(seen).toEqual(numbers(5000))
    expect(reader.end).toBe('closed')
  })

  it('keeps the order with listeners that read, pause and resume', async () => {
    const { writer, reader } = await pair()
    using _reader = reader
    const readable = reader.toReadable()
    const seen: number[] = []
    readable.on('data', (message: number) => {
      seen.push(message)
      if (message % 3 === 0) {
        readable.pause()
        setImmediate(() => readable.resume())
      }
      if (message % 5 === 0) {
        const more = readable.read() as number | null
        if (more !== null) expect(more).toBe(seen.length - 1)
      }
    })
    for (let i = 0; i < 300; i++) {
      await writer.send(i)
      if (i % 10 === 0) await later(1)
    }
    writer.close()
    await new Promise((resolve) => readable.once('end', resolve))
    expect(seen).toEqual(numbers(300))
  })

  it('takes at most one message while its user reads none', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    writer.trySendBatch(numbers(1000))
    const readable = reader.toReadable()
    await new Promise((resolve) => readable.once('readable', resolve))
    await later()
    expect(reader.lag()).toBe(999)
    readable.destroy()
  })

  it('destroyed while it waits leaves the consumer unchanged', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    const readable = reader.toReadable()
    const errors: unknown[] = []
    readable.on('error', (error) => errors.push(error))
    readable.resume()
    await later()
    readable.destroy()
    await later()
    expect(errors).toEqual([])
    const receiving = reader.receive()
    writer.trySend(1)
    expect(await receiving).toBe(1)
  })

  it('destroyed just as a message comes leaves it to the consumer', async () => {
    for (let turns = 0; turns < 10; turns++) {
      const { writer, reader } = await pair()
      using _writer = writer
      using _reader = reader
      const readable = reader.toReadable()
      readable.resume()
      await later(2)
      writer.trySend(5)
      readable.destroy()
      await later(2)
      expect(reader.tryReceive()).toBe(5)
    }
  })

  it('ends when the consumer is closed', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    const readable = reader.toReadable()
    const ended = new Promise((resolve) => readable.once('end', resolve))
    readable.resume()
    await later()
    reader.close()
    await ended
  })

  it('left by break loses no message', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    writer.trySendBatch(numbers(100))
    const seen: number[] = []
    for (const count of [1, 2, 20]) {
      const wanted = seen.length + count
      for await (const message of reader.toReadable()) if (seen.push(message) === wanted) break
    }
    expect(seen).toEqual(numbers(23))
    expect(reader.tryReceive()).toBe(23)
  })

  it('fails at a message that is null, because Node takes null for the end', async () => {
    using writer = createStream(uniqueName('stream'), payload.json(), { capacity: 65_536 })
    using reader = await openStream(writer.name, payload.json())
    for (const value of [1, null, 2]) writer.trySend(value)
    const seen: unknown[] = []
    const iterate = async () => {
      for await (const message of reader.toReadable()) seen.push(message)
    }
    await expect(iterate()).rejects.toThrow(TypeError)
    writer.trySend(null)
    expect(await reader.receive()).toBe(2)
    expect(await reader.receive()).toBeNull()
  })
})

describe('a web ReadableStream', () => {
  it('gives every message, also null, and ends with the stream', async () => {
    using writer = createStream(uniqueName('stream'), payload.json<number | null>(), { capacity: 65_536 })
    using reader = await openStream(writer.name, payload.json<number | null>())
    const values = numbers(1000).map((value) => (value % 10 ? value : null))
    const sending = writer.sendBatch(values).then(() => writer.close())
    const seen = []
    for await (const message of reader.toReadableStream()) seen.push(message)
    await sending
    expect(seen).toEqual(values)
  })

  it('cancelled while it waits leaves the consumer unchanged', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    const stream = reader.toReadableStream()
    const web = stream.getReader()
    const reading = web.read()
    await later()
    await web.cancel()
    expect((await reading).done).toBe(true)
    const receiving = reader.receive()
    writer.trySend(1)
    expect(await receiving).toBe(1)
  })

  it('ends when the consumer is closed', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    const web = reader.toReadableStream().getReader()
    setTimeout(() => reader.close(), 5)
    expect((await web.read()).done).toBe(true)
  })

  it('left by break loses no message', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    writer.trySendBatch(numbers(100))
    const seen: number[] = []
    for (const count of [1, 2, 20]) {
      const wanted = seen.length + count
      for await (const message of reader.toReadableStream()) if (seen.push(message) === wanted) break
    }
    expect(seen).toEqual(numbers(23))
    expect(reader.tryReceive()).toBe(23)
  })
})
