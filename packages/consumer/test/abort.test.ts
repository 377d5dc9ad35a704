import { getEventListeners } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Channel } from '@memlane/channel'
import { SharedMemory } from '@memlane/core'
import { createRegion, createStream, joinStream, type StreamWriter } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { codecOf, Sleepers, streamShape } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { describe, expect, it } from 'vitest'
import { openRegion, openStream, type StreamReader } from '../src/index.js'

const SMALL = { capacity: 65_536, maxProducers: 2, maxConsumers: 2 }
const REASON = new Error('enough')
const Point = struct('Point', { x: u32 })

const turn = () => new Promise((resolve) => setImmediate(resolve))
async function repeat(count: number, pause: () => unknown) {
  for (let i = 0; i < count; i++) await pause()
}

/** Moments within a wait: between its steps, while it yields to the event loop, while it dozes, and while it sleeps. */
const moments = [
  ...Array.from({ length: 16 }, (_, count) => () => repeat(count, () => undefined)),
  ...[1, 2, 3].map((count) => () => repeat(count, turn)),
  ...[1, 4, 12].map((ms) => () => setTimeout(ms)),
]

type Outcome<T> = { value: T } | { reason: unknown }
const outcomeOf = <T>(promise: Promise<T>): Promise<Outcome<T>> =>
  promise.then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  )

/** Aborts at one of the moments. `end` is called just before or just after the abort, and would end the wait as well. */
async function abortAt<T>(
  moment: () => Promise<void>,
  wait: (signal: AbortSignal) => Promise<T>,
  end?: { before?: () => void; after?: () => void },
): Promise<Outcome<T>> {
  const controller = new AbortController()
  const outcome = outcomeOf(wait(controller.signal))
  await moment()
  end?.before?.()
  controller.abort(REASON)
  end?.after?.()
  const result = await outcome
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  if ('reason' in result) expect(result.reason).toBe(REASON)
  return result
}

describe.each(['adaptive', 'park', 'spin'] as const)('a signal that aborts at any moment, with wait %s,', (wait) => {
  async function pair() {
    const writer = createStream(uniqueName('stream'), u32, { ...SMALL, waitStrategy: wait })
    const reader = await openStream(writer.name, u32, { waitStrategy: wait })
    const channel = Channel.open(streamShape, writer.name, codecOf(u32))
    const asleep = () => Sleepers.of(channel.control.consumers).any() || Sleepers.of(channel.control.producers).any()
    return {
      writer,
      reader,
      asleep,
      [Symbol.dispose]() {
        for (const each of [channel, reader, writer]) each.close()
        expect(leftovers(writer.name)).toEqual([])
      },
    }
  }

  const receivings: Record<string, (reader: StreamReader<typeof u32>, signal: AbortSignal) => Promise<unknown>> = {
    receive: (reader, signal) => reader.receive({ signal }),
    ready: (reader, signal) => reader.ready({ signal }),
    messages: (reader, signal) => reader.messages({ signal }).next(),
    batches: (reader, signal) => reader.batches({ limit: 3, signal }).next(),
  }
  for (const [name, receive] of Object.entries(receivings)) {
    it(`ends ${name}, which then takes no message, and works the next time`, async () => {
      using both = await pair()
      const { writer, reader, asleep } = both
      let next = 0
      for (const moment of moments) {
        expect(await abortAt(moment, (signal) => receive(reader, signal))).toEqual({ reason: REASON })
        expect(asleep()).toBe(false)
        for (const order of ['before', 'after']) {
          const result = await abortAt(moment, (signal) => receive(reader, signal), {
            [order]: () => writer.trySend(next),
          })
          expect(asleep()).toBe(false)
          expect(reader.tryReceive()).toBe('value' in result && name !== 'ready' ? undefined : next)
          next++
        }
        const receiving = reader.receive()
        await turn()
        writer.trySend(next)
        expect(await receiving).toBe(next++)
      }
    })
  }

  const sendings: Record<string, (writer: StreamWriter<typeof u32>, signal: AbortSignal) => Promise<unknown>> = {
    send: (writer, signal) => writer.send(1_000_001, { signal }),
    sendBatch: (writer, signal) => writer.sendBatch([1_000_001, 1_000_002], { signal }),
    flush: (writer, signal) => writer.flush({ signal }),
    ready: (writer, signal) => writer.ready({ signal }),
  }
  for (const [name, send] of Object.entries(sendings)) {
    it(`ends ${name}, which then sends no message, and works the next time`, async () => {
      using both = await pair()
      const { writer, reader, asleep } = both
      const extra = { send: [1_000_001], sendBatch: [1_000_001, 1_000_002] }[name]
      const fill = () => {
        const filled: number[] = []
        while (writer.trySend(filled.length)) filled.push(filled.length)
        return filled
      }
      const drain = () => {
        const got: number[] = []
        while (reader.poll(({ value }) => got.push(value), Infinity) > 0);
        return got
      }
      for (const moment of moments) {
        const filled = fill()
        expect(await abortAt(moment, (signal) => send(writer, signal))).toEqual({ reason: REASON })
        expect(asleep()).toBe(false)
        const got: number[] = []
        for (const order of ['before', 'after']) {
          got.length = 0
          const result = await abortAt(moment, (signal) => send(writer, signal), {
            [order]: () => got.push(...drain()),
          })
          expect(asleep()).toBe(false)
          got.push(...drain())
          expect(got).toEqual('value' in result ? [...filled, ...(extra ?? [])] : filled)
          expect(fill()).toEqual(filled)
        }
        const sending = [writer.send(7), writer.send(8), writer.flush()]
        while ((await Promise.race([Promise.all(sending), turn()])) === undefined) drain()
        expect(asleep()).toBe(false)
      }
    })
  }
})

interface Opening {
  open(name: string, signal: AbortSignal): Promise<Disposable>
  make(name: string): Disposable
}

describe('a signal that aborts at any moment', () => {
  const openings: Record<string, Opening> = {
    openStream: {
      open: (name: string, signal: AbortSignal) => openStream(name, u32, { signal }),
      make: (name: string) => createStream(name, u32, SMALL),
    },
    joinStream: {
      open: (name: string, signal: AbortSignal) => joinStream(name, u32, { signal }),
      make: (name: string) => createStream(name, u32, SMALL),
    },
    openRegion: {
      open: (name: string, signal: AbortSignal) => openRegion(name, Point, { signal }),
      make: (name: string) => createRegion(name, Point),
    },
    'SharedMemory.waitFor': {
      open: (name: string, signal: AbortSignal) => SharedMemory.waitFor(name, { signal }),
      make: (name: string) => SharedMemory.create(name, 64),
    },
  }
  for (const [what, { open, make }] of Object.entries(openings)) {
    it(`ends ${what}, which then leaves no memory open, and works the next time`, async () => {
      for (const moment of moments) {
        const name = uniqueName('stream')
        expect(await abortAt(moment, (signal) => open(name, signal))).toEqual({ reason: REASON })
        for (const order of ['before', 'after', 'neither']) {
          let made: Disposable | undefined
          const begin = () => {
            made = make(name)
          }
          if (order === 'neither') begin() // it is there already
          const result = await abortAt(moment, (signal) => open(name, signal), { [order]: begin })
          if ('value' in result) result.value[Symbol.dispose]()
          made?.[Symbol.dispose]()
          expect(leftovers(name)).toEqual([])
        }
      }
    })
  }

  it.each(['openStream', 'joinStream'])('ends %s of memory that is not ready', async (what) => {
    const { open } = openings[what] as Opening
    for (const moment of moments) {
      const memory = SharedMemory.create(uniqueName('stream'), 2 ** 20)
      expect(await abortAt(moment, (signal) => open(memory.name, signal))).toEqual({ reason: REASON })
      memory.close()
      expect(leftovers(memory.name)).toEqual([])
    }
  })
})
