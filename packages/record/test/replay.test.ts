import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openLatest, openQueue, openStream, type StreamReader } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { array, board, enumeration, f64, i64, payload, type Schema, struct, u8, u32, utf8 } from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { record, replay } from '../src/index.js'
import { writeRecording } from './write-recording.js'

const Trade = struct('Trade', { symbol: utf8(8), price: f64, id: i64, sizes: array(u32, 2) })
const Count = struct('Count', { n: u32 })

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memlane-replay-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const trade = (index: number) => ({
  symbol: `S${index % 7}`,
  price: index * 1.1,
  id: 2n ** 60n + BigInt(index),
  sizes: [index, index + 1],
})

async function rest<S extends Schema>(reader: StreamReader<S>): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of reader) values.push(value)
  return values
}

/** Writes a recording of a stream of numbers, `stepMs` apart. */
async function countTo(length: number, stepMs: number, name: string): Promise<string> {
  const file = join(folder, `${uniqueName('count')}.mcap`)
  const messages = Array.from({ length }, (_, n) => ({ timeMs: n * stepMs, value: { n } }))
  await writeRecording(file, { name, shape: 'stream', schema: codecOf(Count).descriptor }, messages)
  return file
}

const numbers = (values: unknown[]) => values.map((value) => (value as { n: number }).n)

describe('replay', () => {
  it.each(['json', 'protobuf', 'raw'] as const)('sends a stream recorded as %s as it was', async (encode) => {
    const name = uniqueName('record')
    const file = join(folder, `${encode}.mcap`)
    using writer = createStream(name, Trade, { capacity: 2 ** 20, maxConsumers: 3 })
    const recording = await record(name, file, { encode })
    const sent = Array.from({ length: 3000 }, (_, index) => trade(index))
    for (const value of sent) expect(writer.trySend(value)).toBe(true)
    expect(await recording.stop()).toMatchObject({ messages: 3000, missed: 0, files: [file] })

    const replayed = uniqueName('replay')
    const run = await replay(file, { rate: 'unlimited', rename: { [name]: replayed }, consumers: 1 })
    using reader = await openStream(replayed, Trade)
    expect(await rest(reader)).toEqual(sent)
    expect(reader.end).toBe('closed')
    expect(await run.finished).toMatchObject({ messages: 3000, rounds: 1, timingError: undefined })
    createStream(replayed, Trade, { capacity: 2 ** 20, maxConsumers: 3 }).close() // the sizes are those of the recording
  })

  it('keeps the times, multiplied by a rate, between a start and an end', async () => {
    const name = uniqueName('times')
    const file = await countTo(20, 10, name)
    const run = await replay(file, { rate: 2, start: 50, end: 100, consumers: 1, names: 'tim?s*' })
    using reader = await openStream(name, Count)
    expect(numbers(await rest(reader))).toEqual([5, 6, 7, 8, 9, 10])
    const { durationMs, timingError } = await run.finished
    expect(durationMs).toBeGreaterThanOrEqual(25 - 1)
    expect(timingError?.medianUs).toBeGreaterThanOrEqual(0)
    expect(timingError?.p99Us).toBeLessThanOrEqual(timingError?.maxUs ?? 0)
  })

  it('can be paused, stepped, repeated and stopped', async () => {
    const name = uniqueName('steps')
    const file = await countTo(4, 0, name)
    const run = await replay(file, { paused: true, loop: true, rate: 'unlimited' })
    using reader = await openStream(name, Count)
    await setTimeout(10)
    expect(reader.tryReceive()).toBeUndefined()
    expect(run.paused).toBe(true)
    run.step(2)
    expect([await reader.receive(), await reader.receive()]).toEqual([{ n: 0 }, { n: 1 }])
    await setTimeout(10)
    expect(reader.tryReceive()).toBeUndefined()
    run.resume()
    const next = []
    for (let count = 0; count < 8; count++) next.push(await reader.receive())
    expect(numbers(next)).toEqual([2, 3, 0, 1, 2, 3, 0, 1])
    run.pause()
    const { rounds } = await run.stop()
    expect(rounds).toBeGreaterThanOrEqual(2)
  })

  it('waits for room, and a stop ends that wait', async () => {
    const name = uniqueName('slow')
    const file = join(folder, 'slow.mcap')
    const messages = Array.from({ length: 200 }, (_, n) => ({ timeMs: 0, value: 'x'.repeat(1000) + n }))
    const note = { name, shape: 'stream' as const, schema: payload.utf8.descriptor, options: { capacity: 65_536 } }
    await writeRecording(file, note as never, messages)
    const run = await replay(file, { consumers: 1 })
    using reader = await openStream(name, payload.utf8)
    while (run.figures.messages < 50) await setTimeout(1)
    await setTimeout(20)
    expect(run.figures.messages).toBeLessThan(200)
    const { messages: sent } = await run.stop()
    expect(await rest(reader)).toEqual(messages.slice(0, sent).map(({ value }) => value))
  })

  it('sets latests and boards, and sends into queues', async () => {
    const [latest, car, jobs] = [uniqueName('latest'), uniqueName('car'), uniqueName('jobs')]
    const file = join(folder, 'shapes.mcap')
    const Car = board({ speed: f64, note: payload.utf8 })
    const carNote = { name: car, shape: 'latest', schema: Car.descriptor } as const
    await writeRecording(
      file,
      { name: latest, shape: 'latest', schema: codecOf(Count).descriptor, key: 'value' },
      [{ timeMs: 0, value: { n: 1 } }, { timeMs: 1, value: { n: 2 } }], // biome-ignore format: two values
      [{ ...carNote, key: 'speed' }, [{ timeMs: 2, value: 88.5 }]],
      [{ ...carNote, key: 'note' }, [{ timeMs: 3, value: 'fast' }]],
      [{ name: jobs, shape: 'queue', schema: payload.utf8.descriptor }, [{ timeMs: 4, value: 'job' }]],
    )
    const run = await replay(file, { paused: true })
    using value = await openLatest(latest, Count)
    using values = await openLatest(car, Car)
    const queue = await openQueue(jobs, payload.utf8)
    run.resume()
    const delivery = await queue.take()
    expect(delivery?.value).toBe('job')
    delivery?.ack()
    expect(await run.finished).toMatchObject({ messages: 5 })
    await queue.close()
    expect([value.get(), value.version]).toEqual([{ n: 2 }, 2])
    expect([values.key('speed').get(), values.key('note').get()]).toEqual([88.5, 'fast'])
  })

  it('refuses what it cannot send, and names it', async () => {
    const name = uniqueName('odd')
    const file = join(folder, 'odd.mcap')
    const Side = struct('Side', { side: enumeration(u8, { buy: 1 }) })
    const { descriptor } = codecOf(Side)
    await writeRecording(file, { name, shape: 'stream', schema: descriptor }, [
      { timeMs: 0, bytes: new Uint8Array([9]) },
    ])
    const run = await replay(file)
    await expect(run.finished).rejects.toMatchObject({
      code: 'UNFIT_MESSAGE',
      message: expect.stringContaining(`message 0 of "${name}"`),
    })
    await expect(replay(file, { names: 'nothing' })).rejects.toMatchObject({ code: 'NOT_RECORDED' })
    await expect(replay(file, { rate: 0 })).rejects.toThrow(TypeError)
    await expect(replay(file, { speed: 2 } as never)).rejects.toThrow('has no option "speed"')
    await expect(replay(file, { start: 5, end: 2 })).rejects.toThrow(RangeError)
    using _living = createStream(name, Side)
    await expect(replay(file)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const joined = await replay(file, { existing: 'join' })
    await expect(joined.finished).rejects.toMatchObject({ code: 'UNFIT_MESSAGE' })
  })
})
