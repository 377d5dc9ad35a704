import { SharedMemory, SharedMemoryError } from '@memlane/core'
import { createStream, joinStream, type StreamWriter } from '@memlane/producer'
import { payload, struct, u32, union, utf8 } from '@memlane/protocol'
import { messagepack } from '@memlane/protocol/messagepack'
import { uniqueName } from '@memlane/testing'
import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { openStream, type StreamReader } from '../src/index.js'

const CAPACITY = 65_536
const Event = union({
  quote: struct('Quote', { symbol: utf8(8), seq: u32 }),
  text: payload.utf8,
  blob: payload.bytes,
  json: payload.json(),
  pack: messagepack(),
})
type Writer = StreamWriter<typeof Event>
type Reader = StreamReader<typeof Event>

const CODES =
  /^(CORRUPT|TOO_SHORT|NOT_A_CHANNEL|VERSION_MISMATCH|SCHEMA_MISMATCH|FULL|TIMED_OUT|NOT_READY|NOT_FOUND|CLOSED)$/

/** Runs an action on memory that may hold any bytes. The action must return, or throw an error with one of the codes. */
async function allowed(act: () => unknown): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof SharedMemoryError)) throw error
    expect(error.code).toMatch(CODES)
  }
}

const messages = fc.constantFrom(
  { kind: 'quote' as const, value: { symbol: 'A', seq: 1 } },
  { kind: 'text' as const, value: 'hällo' },
  { kind: 'blob' as const, value: new Uint8Array(3000).fill(9) },
  { kind: 'json' as const, value: { a: [1, 2, { b: null }] } },
  { kind: 'pack' as const, value: [1, 'x', new Uint8Array(2)] },
)
const word = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 1, 2, 5, 0x7fff_ffff, 0x8000_0000 | 0, (70_000 << 3) | 1))
const scribble = fc.record({
  /** The header, masks and slots, or a lane. */
  part: fc.constantFrom('header', 'control', 'control', 'lane', 'lane', 'lane'),
  where: fc.nat(1_000_000),
  word,
})
const step = fc.record({
  scribbles: fc.array(scribble, { maxLength: 4 }),
  message: messages,
  count: fc.nat(60),
  how: fc.nat(9),
})

it.each(['wait', 'overwrite'] as const)(
  'a process survives any bytes in a stream, with overflow %s',
  async (overflow) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const name = uniqueName('stream')
        using writer: Writer = createStream(name, Event, {
          capacity: CAPACITY,
          overflow,
          maxProducers: 2,
          maxConsumers: 3,
        })
        using reader: Reader = await openStream(name, Event)
        using second: Reader = await openStream(name, Event, { from: 'oldest', waitStrategy: 'park' })
        using memory = SharedMemory.open(name)
        const words = new Int32Array(memory.buffer)
        const lanesAt = words.length - (2 * CAPACITY) / 4
        for (const { scribbles, message, count, how } of steps) {
          for (const { part, where, word } of scribbles) {
            const [from, length] =
              part === 'lane' ? [lanesAt, (2 * CAPACITY) / 4] : part === 'header' ? [0, 20] : [32, 2048 / 4]
            words[from + (where % length)] = word
          }
          await allowed(() => {
            for (let i = 0; i < count && writer.trySend(message); i++);
          })
          await allowed(() => writer.trySendBatch(Array(count).fill(message)))
          for (const consumer of [reader, second]) {
            await allowed(() => consumer.poll(() => {}, 100))
            await allowed(() => {
              for (let i = 0; i < count && consumer.tryReceive() !== undefined; i++);
            })
            await allowed(() => consumer.lag())
            await allowed(() => consumer.producers)
          }
          if (how === 0) await allowed(() => reader.receive({ timeoutMs: 1 }))
          if (how === 1) await allowed(() => second.receiveSync({ timeoutMs: 1 }))
          if (how === 2) await allowed(() => writer.send(message, { timeoutMs: 1 }))
          if (how === 3) await allowed(() => writer.flush({ timeoutMs: 1 }))
          if (how === 4) {
            await allowed(async () => {
              using late = await openStream(name, Event, { from: 'oldest', timeoutMs: 0 })
              late.poll(() => {})
            })
          }
          if (how === 5) {
            await allowed(async () => {
              using other = await joinStream(name, Event, { timeoutMs: 0 })
              other.trySend(message)
            })
          }
          if (how === 6) await allowed(() => writer.sendSync(message, { timeoutMs: 1 }))
          if (how === 7) {
            const closing = setTimeout(() => second.close(), 1)
            await allowed(async () => {
              for await (const batch of second.batches({ limit: 10 })) if (batch.length > 0) break
            })
            clearTimeout(closing)
          }
        }
      }),
      { seed, numRuns: 60, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  },
)
