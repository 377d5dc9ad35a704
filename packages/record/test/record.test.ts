import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openLatest, openQueue } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { createLatest, createQueue, createStream } from '@memlane/producer'
import { board, f64, payload, struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { info, type Recording, record, replay } from '../src/index.js'
import { messagesIn } from './messages-in.js'

const Count = struct('Count', { n: u32, filler: u32 })

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memlane-record-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const HOUR_NS = 3_600_000_000_000n

const count = (n: number) => ({ n, filler: 0 })
const numbersIn = async (file: string) => (await messagesIn(file)).map(({ value }) => (value as { n: number }).n)
const upTo = (length: number) => Array.from({ length }, (_, index) => index)

async function until(recording: Recording, messages: number): Promise<void> {
  while (recording.figures.messages < messages) await setTimeout(2)
}

describe('record', () => {
  it('finds memory by patterns and names, before and after it begins, and goes on when memory is created again', async () => {
    const [first, later, other] = [uniqueName('pattern-a'), uniqueName('pattern-b'), uniqueName('other')]
    const file = join(folder, 'pattern.mcap')
    const firstWriter = createStream(first, Count)
    firstWriter.trySend(count(0)) // before the recording
    using recording = await record(['pattern-*', other], file)
    firstWriter.trySend(count(1))
    await until(recording, 1)
    firstWriter.close()

    using laterWriter = createStream(later, Count)
    laterWriter.trySend(count(2)) // before the recorder has found it
    using otherWriter = createStream(other, payload.utf8)
    otherWriter.trySend('three')
    await until(recording, 3)
    using again = createStream(first, Count)
    again.trySend(count(4))
    await until(recording, 4)
    expect(await recording.stop()).toMatchObject({ messages: 4, missed: 0 })

    const messages = (await messagesIn(file)).map(({ topic, value }) => [topic, value])
    expect(messages).toEqual([[first, count(1)], ...messages.slice(1, 3), [first, count(4)]])
    expect(messages.slice(1, 3)).toEqual(expect.arrayContaining([[later, count(2)], [other, 'three']])) // biome-ignore format: pairs
  })

  it('takes the newest value of latests and boards, each later one, and the messages of queues, with their times', async () => {
    const [single, car, jobs] = [uniqueName('single'), uniqueName('car'), uniqueName('jobs')]
    const file = join(folder, 'shapes.mcap')
    using latest = createLatest(single, Count)
    latest.set(count(1))
    latest.set(count(2)) // the newest value before the recording
    using car2 = createLatest(car, board({ speed: f64, note: payload.utf8 }))
    using queue = createQueue(jobs, payload.json<object>())
    const recording = await record([single, car, jobs], file)
    await until(recording, 1)
    const before = BigInt(Date.now()) * 1_000_000n
    latest.set(count(3))
    await until(recording, 2)
    car2.key('note').set('fast')
    await until(recording, 3)
    queue.trySend({ job: 1 })
    queue.trySend({ job: 2 })
    expect(await recording.stop()).toMatchObject({ messages: 5, missed: 0 })

    const messages = await messagesIn(file)
    expect(messages.map(({ topic, sequence, value }) => [topic, sequence, value])).toEqual([
      [single, 2, count(2)],
      [single, 3, count(3)],
      [`${car}/note`, 1, 'fast'],
      [jobs, messages[3]?.sequence, { job: 1 }],
      [jobs, messages[4]?.sequence, { job: 2 }],
    ])
    for (const { publishTime, logTime } of messages.slice(1)) {
      const [early, late] = [publishTime - before, logTime - publishTime]
      expect(early).toBeGreaterThan(-HOUR_NS) // two clocks, one of them coarse
      expect(late).toBeGreaterThan(-HOUR_NS)
    }
    expect(messages[0]?.note?.options).toEqual({ maxMessageLength: 65_536, maxReaders: 32 })

    const names = { [single]: uniqueName('single2'), [car]: uniqueName('car2'), [jobs]: uniqueName('jobs2') }
    const run = await replay(file, { rename: names, rate: 'unlimited', paused: true })
    using value = await openLatest(names[single] ?? '', Count)
    using keys = await openLatest(names[car] ?? '')
    const reader = await openQueue(names[jobs] ?? '', payload.json<object>())
    run.resume()
    const taken = []
    for (let job = 0; job < 2; job++) {
      const delivery = await reader.take()
      taken.push(delivery?.value)
      delivery?.ack()
    }
    expect(await run.finished).toMatchObject({ messages: 5 })
    await reader.close()
    expect(taken).toEqual([{ job: 1 }, { job: 2 }])
    expect([value.get(), keys.key('note').get(), keys.key('speed').get()]).toEqual([count(3), 'fast', undefined])
  })

  it('counts what was overwritten before it looked, and names it in the file', async () => {
    const name = uniqueName('gaps')
    const file = join(folder, 'gaps.mcap')
    using writer = createStream(name, Count, { capacity: 65_536, overflow: 'overwrite' })
    const recording = await record(name, file)
    for (let n = 0; n < 20_000; n++) writer.trySend(count(n)) // no turn of the event loop in between
    const { messages, missed } = await recording.stop()
    expect(missed).toBeGreaterThan(0)
    expect(messages + missed).toBe(20_000)
    expect(await info(file)).toMatchObject({
      messages,
      missed,
      memories: [{ name, shape: 'stream', schema: 'Count', encoding: 'json', messages, missed }],
      gaps: [{ topic: name, producer: 0, reason: 'overwritten', missed }],
    })
    expect(await numbersIn(file)).toEqual(upTo(20_000).slice(missed))
  })

  it('begins another file when one is long enough', async () => {
    const name = uniqueName('roll')
    const file = join(folder, 'roll.mcap')
    using writer = createStream(name, Count)
    const recording = await record(name, file, { maxFileBytes: 1, from: 'oldest' })
    let sent = 0
    while (recording.figures.files.length < 2) {
      writer.trySend(count(sent++))
      await until(recording, sent)
    }
    const { files } = await recording.stop()
    expect(files.slice(0, 3)).toEqual(['0001', '0002', '0003'].map((number) => join(folder, `roll-${number}.mcap`)))
    const numbers = await Promise.all(files.map(numbersIn))
    expect(numbers.flat()).toEqual(upTo(sent))
  })

  it('keeps the last messages in memory until a snapshot is asked for', async () => {
    const name = uniqueName('snapshot')
    using writer = createStream(name, Count)
    const recording = await record(name, join(folder, 'snapshot.mcap'), { snapshotMs: 60_000, encode: 'raw' })
    writer.trySend(count(0))
    expect(existsSync(join(folder, 'snapshot-0001.mcap.partial'))).toBe(false)
    expect(await recording.snapshot()).toBe(join(folder, 'snapshot-0001.mcap'))
    writer.trySend(count(1))
    const second = await recording.snapshot()
    expect(await recording.stop()).toMatchObject({ files: [join(folder, 'snapshot-0001.mcap'), second] })
    expect(await numbersIn(second)).toEqual([0, 1])

    const short = await record(name, join(folder, 'short.mcap'), { snapshotMs: 1, from: 'oldest' })
    await setTimeout(20)
    writer.trySend(count(2))
    await setTimeout(20)
    const third = await short.snapshot()
    await short.stop()
    expect(await numbersIn(third)).not.toContain(0)
    const files = await record(name, join(folder, 'no-snapshot.mcap'))
    await expect(files.snapshot()).rejects.toThrow('snapshotMs')
    await files.stop()
  })

  it('records memory that others keep while producers come and go, each message once', async () => {
    const name = uniqueName('kept')
    const file = join(folder, 'kept.mcap')
    const first = createStream(name, Count)
    using _kept = SharedMemory.open(name)
    first.trySend(count(99)) // before the recording
    first.close()
    const recording = await record(name, file)
    await setTimeout(400) // longer than the recorder takes to let go
    const zeroth = createStream(name, Count)
    zeroth.trySend(count(0))
    await until(recording, 1)
    zeroth.close()
    await setTimeout(400)
    const second = createStream(name, Count)
    second.trySend(count(1))
    second.close()
    await until(recording, 2)
    const third = createStream(name, Count)
    third.trySend(count(2))
    third.close()
    expect(await recording.stop()).toMatchObject({ messages: 3, missed: 0 })
    expect(await numbersIn(file)).toEqual([0, 1, 2])
  })

  it('goes on when memory of a name comes back as something that cannot be recorded', async () => {
    const [name, other] = [uniqueName('changed'), uniqueName('other')]
    using otherWriter = createStream(other, Count)
    const writer = createStream(name, Count)
    const recording = await record([name, other], join(folder, 'changed.mcap'))
    writer.close()
    while (recording.figures.names.includes(name)) await setTimeout(10)
    using _bytes = SharedMemory.create(name, 4096)
    await setTimeout(300) // longer than the recorder pauses until it looks for memory
    otherWriter.trySend(count(1))
    await until(recording, 1)
    expect(await recording.stop()).toMatchObject({ messages: 1, missed: 0 })
  })

  it('refuses files that exist, unknown options and memory of other shapes', async () => {
    const name = uniqueName('refused')
    using _writer = createStream(name, Count)
    const file = join(folder, 'refused.mcap')
    writeFileSync(file, '')
    await expect(record(name, file)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    rmSync(file)
    const recording = await record(name, file, { compression: 'none', description: 'a test' })
    await expect(record(name, file)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    await recording.stop()
    expect(await recording.stop()).toMatchObject({ messages: 0, files: [file] })
    expect(await info(file)).toMatchObject({ messages: 0, memories: [], facts: { description: 'a test', names: name } })
    await expect(record([], file)).rejects.toThrow(TypeError)
    await expect(record(name, file, { encoding: 'raw' } as never)).rejects.toThrow('Did you mean "encode"?')
    await expect(record('a/b', join(folder, 'name.mcap'))).rejects.toMatchObject({ code: 'INVALID_NAME' })
    await expect(info(join(folder, 'missing.mcap'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
