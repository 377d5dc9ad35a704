import { setImmediate, setTimeout } from 'node:timers/promises'
import { Channel, type QueueChannel } from '@memlane/channel'
import { type CreateQueueOptions, createQueue, joinQueue, type QueueWriter } from '@memlane/producer'
import { array, bytes, f64, payload, type Schema, struct, u32, union, utf8 } from '@memlane/protocol'
import { announceReturn, kindOf, LENGTH, queueShape, READY } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type DeadLetterPlace, type Delivery, openQueue, type QueueReader } from '../src/index.js'
import { TakenMessages } from '../src/taken-messages.js'

const Job = struct('Job', { number: u32, price: f64 })
const job = (number: number) => ({ number, price: number / 2 })

async function makeQueue<S extends Schema>(
  schema: S,
  options?: CreateQueueOptions,
): Promise<{ name: string; writer: QueueWriter<S>; reader: QueueReader<S> }> {
  const name = uniqueName('memlane')
  const writer = createQueue(name, schema, options)
  const reader = await openQueue(name, schema)
  onTestFinished(async () => {
    await reader.close({ timeoutMs: 0 })
    writer.close()
  })
  return { name, writer, reader }
}

async function takeAll<S extends Schema>(reader: QueueReader<S>): Promise<Delivery<S>[]> {
  const deliveries: Delivery<S>[] = []
  for (let next = reader.tryTake(); next !== undefined; next = reader.tryTake()) deliveries.push(next)
  return deliveries
}

/** Opens the memory of a queue, to change it without its participants' knowledge. */
async function openQueueChannel(name: string): Promise<QueueChannel> {
  const channel = await Channel.waitFor(queueShape, name, undefined, {})
  onTestFinished(() => channel.close())
  return channel
}

/** The uncaught exceptions from now on. They do not fail the test. */
function catchUncaught(): unknown[] {
  const errors: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  })
  return errors
}

describe('a queue', () => {
  it('delivers each message once, in order, in each way of sending and taking', async () => {
    const { writer, reader } = await makeQueue(Job, { capacity: 64 })
    await writer.send(job(0))
    expect(writer.trySend(job(1))).toBe(true)
    expect(writer.sendSync(job(2))).toBe(true)
    await writer.sendBatch([job(3), job(4)])
    const claimed = writer.claim()
    Object.assign(claimed as object, job(5))
    writer.commit()
    writer.claim()
    writer.abort()
    expect(writer.fillBatch(2, (view, index) => Object.assign(view, job(6 + index)))).toBe(2)
    expect([writer.sent, writer.consumers, reader.producers]).toEqual([8, 1, 1])
    expect(writer.stats()).toMatchObject({ ready: 8, taken: 0, delayed: 0, dead: 0, dropped: 0 })

    const taken: unknown[] = []
    const add = (delivery: Delivery<typeof Job> | undefined) => {
      expect(delivery?.deliveryCount).toBe(1)
      taken.push(delivery?.value)
      delivery?.ack()
    }
    add(await reader.take())
    add(reader.tryTake())
    add(reader.takeSync())
    for await (const delivery of reader) {
      add(delivery)
      if (taken.length === 5) break
    }
    expect(reader.poll(({ number, price }) => taken.push({ number, price }), 2)).toBe(2)
    const stop = new AbortController()
    await reader.process(
      (delivery) => {
        taken.push(delivery.value)
        stop.abort()
      },
      { signal: stop.signal },
    )
    expect(taken).toEqual(Array.from({ length: 8 }, (_, number) => job(number)))
    expect(reader.stats()).toMatchObject({ ready: 0, taken: 0, delayed: 0, dead: 0, oldestAgeMs: undefined })
    expect(await reader.take({ timeoutMs: 1 })).toBe(undefined)
    expect(reader.takeSync({ timeoutMs: 1 })).toBe(undefined)
    await writer.flush()
  })

  const schemas = {
    struct: [Job, [job(1), job(2)]],
    bytes: [payload.bytes, [new Uint8Array(), Uint8Array.of(1, 2, 3)]],
    text: [payload.utf8, ['', 'grüße']],
    json: [payload.json<unknown>(), [{ a: [1, 'x'] }, null]],
    union: [
      union({ job: Job, note: payload.utf8 }),
      [
        { kind: 'job', value: job(1) },
        { kind: 'note', value: 'hi' },
      ],
    ],
    'nested struct': [
      struct('Nested', { raw: bytes(4), list: array(u32, 3), text: utf8(8) }),
      [{ raw: Uint8Array.of(1, 2, 3, 4), list: [1, 2, 3], text: 'abc' }],
    ],
  } as const satisfies Record<string, [Schema, readonly unknown[]]>
  for (const [name, [schema, values]] of Object.entries(schemas)) {
    it(`carries ${name}`, async () => {
      const { writer, reader } = await makeQueue<Schema>(schema)
      for (const value of values) await writer.send(value)
      const deliveries = await takeAll(reader)
      expect(deliveries.map(({ value }) => value)).toEqual(values)
      for (const delivery of deliveries) delivery.ack()
    })
  }

  it('shows messages in place, until the delivery ends', async () => {
    const { writer, reader } = await makeQueue(Job)
    await writer.send(job(7))
    const delivery = await reader.take()
    const view = delivery?.view
    expect(view?.price).toBe(3.5)
    delivery?.ack()
    expect(() => view?.price).toThrow('after its delivery had ended')
    expect(() => delivery?.value).toThrow(TypeError)
  })

  it('shares the messages among its consumers, and a slow one does not delay the others', async () => {
    const { name, writer, reader } = await makeQueue(Job, { capacity: 64 })
    const other = await openQueue(name, Job)
    onTestFinished(() => other.close({ timeoutMs: 0 }))
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    await writer.send(job(0))
    const slow = reader.process(() => gate, { concurrency: 1 })
    while (reader.stats().taken === 0) await setTimeout(1)
    let count = 0
    const fast = other.process(() => {
      count++
    })
    const COUNT = 100_000
    for (let number = 1; number <= COUNT; number++) {
      if (number % 1000 === 0) expect(writer.stats().taken).toBeGreaterThanOrEqual(1)
      await writer.send(job(number))
    }
    while (count < COUNT) await setTimeout(1)
    // All other slots can be filled while that job runs.
    await other.close()
    await fast
    let filled = 0
    while (writer.trySend(job(filled))) filled++
    expect(filled).toBe(63)
    expect(writer.stats()).toMatchObject({ ready: 63, taken: 1 })
    open()
    await reader.close()
    await slow
    expect(writer.stats().taken).toBe(0)
  })

  it('waits for a free slot, and for all acknowledgements', async () => {
    const { writer, reader } = await makeQueue(Job, { capacity: 2 })
    await writer.sendBatch([job(0), job(1)])
    expect(writer.trySend(job(2))).toBe(false)
    await expect(writer.send(job(2), { timeoutMs: 5 })).rejects.toMatchObject({ code: 'TIMED_OUT' })
    expect(writer.sendSync(job(2), { timeoutMs: 1 })).toBe(false)
    expect(writer.readySync({ timeoutMs: 0 })).toBe(false)
    const sending = writer.send(job(2))
    const flushing = writer.flush()
    const first = await reader.take()
    const second = await reader.take()
    second?.ack()
    await sending
    first?.ack()
    await expect(writer.flush({ timeoutMs: 5 })).rejects.toMatchObject({ code: 'TIMED_OUT' })
    const third = await reader.take()
    expect(third?.value.number).toBe(2)
    third?.ack()
    await flushing
    expect(await writer.ready()).toBe(true)
  })

  it('delivers a message again after retry, not before its delay, and beside new messages', async () => {
    const { writer, reader } = await makeQueue(Job)
    await writer.sendBatch([job(0), job(1), job(2)])
    const first = await reader.take()
    first?.retry({ delayMs: 60_000 })
    expect(reader.stats()).toMatchObject({ ready: 2, delayed: 1 })
    const second = await reader.take()
    expect(second?.value.number).toBe(1)
    second?.retry()
    // What was given back takes turns with what is new.
    const two = await takeAll(reader)
    expect(two.map(({ value }) => value.number).sort()).toEqual([1, 2])
    const [one, other] = two
    other?.ack()
    const number = one?.value.number
    const count = one?.deliveryCount as number
    one?.retry({ delayMs: 10 })
    const again = await reader.take()
    expect([again?.value.number, again?.deliveryCount]).toEqual([number, count + 1])
    again?.ack()
    expect(reader.stats()).toMatchObject({ ready: 0, taken: 0, delayed: 1 })
  })

  it('identifies a message by the same text at each delivery, and every other message by another', async () => {
    const { name, writer, reader } = await makeQueue(Job, { capacity: 2, maxDeliveries: 3 })
    expect(reader.maxDeliveries).toBe(3)
    const ids = new Set<string>()
    for (let number = 0; number < 100; number++) {
      await writer.send(job(number))
      const first = await reader.take()
      const id = first?.id as string
      ids.add(id)
      first?.retry()
      expect(() => first?.id).not.toThrow()
      const second = await reader.take()
      expect(second?.id).toBe(id)
      second?.ack()
    }
    expect(ids.size).toBe(100)
    await writer.send(job(100))
    const unread = await reader.take()
    unread?.ack()
    expect(() => unread?.id).toThrow(TypeError)
    await using other = { reader: await openQueue(name, Job), [Symbol.asyncDispose]: () => other.reader.close() }
    await writer.send(job(101))
    const held = await reader.take()
    const before = held?.id
    await reader.close()
    expect(held?.id).toBe(before)
    expect((await other.reader.take())?.id).not.toBe(before) // as if it had not been delivered
  })

  it('retries what a handler of process or poll throws for, and then sets it aside', async () => {
    const { writer, reader } = await makeQueue(Job, { maxDeliveries: 3 })
    await writer.send(job(0))
    const events: unknown[] = []
    reader.on('redelivered', ({ deliveryCount }) => events.push(['redelivered', deliveryCount]))
    reader.on('failed', (error) => events.push((error as Error).message))
    const stop = new AbortController()
    reader.on('dead', ({ deliveryCount, reason, pid }) => {
      events.push(['dead', deliveryCount, reason, pid])
      stop.abort()
    })
    expect(() =>
      reader.poll(() => {
        throw new Error('in poll')
      }),
    ).toThrow('in poll')
    await reader.process(
      async ({ deliveryCount }) => {
        throw new Error(`failure ${deliveryCount}`)
      },
      { signal: stop.signal },
    )
    expect(events).toEqual([
      ['redelivered', 2],
      'failure 2',
      ['redelivered', 3],
      'failure 3',
      ['dead', 3, 'failure 3', process.pid],
    ])
    expect(reader.stats()).toMatchObject({ ready: 0, dead: 1 })
    await writer.flush()
  })

  const odd = {
    'no prototype': [Object.create(null), /^its handler threw a value that has no text$/],
    'a message that is no text': [Object.assign(new Error(), { message: 7 }), /^7$/],
    'a message that throws': [
      Object.defineProperty(new Error(), 'message', {
        get() {
          throw new Error('no message')
        },
      }),
      /^its handler threw a value that has no text$/,
    ],
    'a symbol': [Symbol('odd'), /^Symbol\(odd\)$/],
  } satisfies Record<string, [unknown, RegExp]>
  for (const [name, [thrown, reason]] of Object.entries(odd)) {
    it(`gives back a message if its handler throws something odd: ${name}`, async () => {
      const { writer, reader } = await makeQueue(Job, { maxDeliveries: 1 })
      await writer.sendBatch([job(0), job(1), job(2)])
      let caught: unknown
      try {
        reader.poll(() => {
          throw thrown
        })
      } catch (error) {
        caught = error
      }
      expect(Object.is(caught, thrown)).toBe(true)
      const stop = new AbortController()
      reader.on('failed', (error) => {
        expect(Object.is(error, thrown)).toBe(true)
        if (reader.stats().dead === 3) stop.abort()
      })
      let isAsync = false
      await reader.process(
        () => {
          isAsync = !isAsync
          if (isAsync) return Promise.reject(thrown)
          throw thrown
        },
        { signal: stop.signal },
      )
      expect([...reader.deadLetters()].map((letter) => letter.reason)).toEqual(
        Array(3).fill(expect.stringMatching(reason)),
      )
    })
  }

  it('keeps dead letters, which can be read, sent back, and discarded', async () => {
    const { writer, reader } = await makeQueue(Job, { maxDeliveries: 1 })
    await writer.sendBatch([job(0), job(1), job(2)])
    for (const delivery of await takeAll(reader)) {
      if (delivery.value.number === 1) delivery.retry({ reason: 'too often' })
      else delivery.reject(`wrong ${'x'.repeat(200)}`)
    }
    expect(reader.tryTake()).toBe(undefined)
    const read = () => [...reader.deadLetters()].map((letter) => letter.value.number)
    expect(read()).toEqual([0, 1, 2])
    expect(read()).toEqual([0, 1, 2])
    for (const letter of reader.deadLetters()) {
      expect(letter.deliveryCount).toBe(1)
      expect(letter.pid).toBe(process.pid)
      expect(letter.reason).toMatch(letter.value.number === 1 ? /^too often$/ : /^wrong x{106}$/)
      if (letter.value.number === 0) letter.discard()
      if (letter.value.number === 1) letter.resend()
    }
    expect(read()).toEqual([2])
    const again = await reader.take()
    expect([again?.value.number, again?.deliveryCount]).toEqual([1, 1])
    again?.ack()
    await writer.flush()
  })

  it('finds one dead letter by its place, as long as it lies there', async () => {
    const { writer, reader } = await makeQueue(Job, { capacity: 4, maxProducers: 2 })
    await writer.sendBatch([job(0), job(1), job(2)])
    for (const delivery of await takeAll(reader)) delivery.reject('wrong')
    const at = (slot: number, generation: number) => {
      return [...reader.deadLetters({ only: { producer: 0, slot, generation } })].map(({ value }) => value.number)
    }
    expect(at(1, 0)).toEqual([]) // it had another generation before it was taken
    expect(at(1, 1)).toEqual([1])
    expect(at(1, 1)).toEqual([]) // looking has taken it
    for (const letter of reader.deadLetters({ only: { producer: 0, slot: 2, generation: 1 } })) letter.discard()
    expect([...reader.deadLetters()].map(({ value }) => value.number)).toEqual([0, 1])
    const read = (only: object) => () => [...reader.deadLetters({ only } as { only: DeadLetterPlace })]
    expect(read({ producer: 2, slot: 0, generation: 1 })).toThrow(RangeError)
    expect(read({ producer: 0, slot: 4, generation: 1 })).toThrow(RangeError)
    expect(read({ producer: 0, slot: 0 })).toThrow(TypeError)
  })

  it('gives up the oldest dead letters when they would block their producer', async () => {
    const { writer, reader } = await makeQueue(Job, { capacity: 4, maxDeadLetters: 1 })
    for (let number = 0; number < 10; number++) {
      await writer.send(job(number))
      const delivery = await reader.take()
      delivery?.reject()
      await setTimeout(2) // the oldest is known by its time
    }
    expect(writer.stats()).toMatchObject({ dead: 4, dropped: 6 })
    expect([...reader.deadLetters()].map(({ value }) => value.number).sort()).toEqual([6, 7, 8, 9])
    await writer.sendBatch([job(10), job(11), job(12)])
    expect(writer.stats()).toMatchObject({ ready: 3, dead: 1, dropped: 9 })
    expect(writer.trySend(job(13))).toBe(false)
    expect([...reader.deadLetters()].map(({ value }) => value.number)).toEqual([9])
  })

  it('takes a message away after maxProcessingMs; the late ack fails, and the copy stays whole', async () => {
    const { writer, reader } = await makeQueue(Job, { maxProcessingMs: 20, capacity: 2 })
    await writer.send(job(5))
    const first = await reader.take()
    const second = await reader.take()
    expect([second?.value, second?.deliveryCount]).toEqual([job(5), 2])
    expect(() => first?.ack()).toThrow(expect.objectContaining({ code: 'TAKEN_AWAY' }))
    second?.ack()
    await writer.sendBatch([job(6), job(7)])
    expect(first?.view.number).toBe(5)
    expect(reader.poll(({ number }) => expect(number).toBeGreaterThan(5))).toBe(2)
  })

  it('gives back what its consumer holds when that closes, as if it had not been taken', async () => {
    const { name, writer, reader } = await makeQueue(Job)
    await writer.sendBatch([job(0), job(1)])
    const held = await takeAll(reader)
    let release = () => {}
    await writer.send(job(2))
    const processing = reader.process(
      () =>
        new Promise<void>((resolve) => {
          release = resolve
        }),
    )
    while (reader.stats().taken < 3) await setTimeout(1)
    await reader.close({ timeoutMs: 10 })
    expect(() => held[0]?.ack()).toThrow(expect.objectContaining({ code: 'TAKEN_AWAY' }))
    expect(() => reader.tryTake()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    const other = await openQueue(name, Job)
    onTestFinished(() => other.close({ timeoutMs: 0 }))
    const again = await takeAll(other)
    expect(again.map(({ value, deliveryCount }) => [value.number, deliveryCount])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ])
    release()
    await processing
    for (const delivery of again) delivery.ack()
  })

  it('waits for running handlers when its consumer closes', async () => {
    const { writer, reader } = await makeQueue(Job)
    await writer.sendBatch([job(0), job(1), job(2)])
    const done: number[] = []
    const processing = reader.process(
      async ({ value }) => {
        await setTimeout(20)
        done.push(value.number)
      },
      { concurrency: 2 },
    )
    while (reader.stats().taken < 2) await setTimeout(1)
    await reader.close()
    await processing
    expect(done.sort()).toEqual([0, 1])
    expect(writer.stats()).toMatchObject({ ready: 1, taken: 0 })
  })

  it('can be closed in a handler of poll and of process', async () => {
    const { name, writer, reader } = await makeQueue(Job)
    await writer.sendBatch([job(0), job(1)])
    const polled = await openQueue(name, Job)
    expect(polled.poll(() => void polled.close())).toBe(1)
    expect(writer.stats()).toMatchObject({ ready: 2, taken: 0 })
    await reader.process(() => void reader.close())
    expect(writer.stats()).toMatchObject({ ready: 1, taken: 0 })
  })

  it('polls no further once it was closed, even if a handler of process still runs', async () => {
    const { writer, reader } = await makeQueue(Job)
    await writer.sendBatch([job(0), job(1), job(2)])
    let open = () => {}
    const processing = reader.process(
      () =>
        new Promise<void>((resolve) => {
          open = resolve
        }),
    )
    let closing: Promise<void> | undefined
    const close = () => {
      closing = reader.close()
    }
    expect(reader.poll(close)).toBe(1)
    expect(writer.stats()).toMatchObject({ ready: 1, taken: 1 })
    open()
    await closing
    await processing
    expect(writer.stats()).toMatchObject({ ready: 1, taken: 0 })
  })

  it('waits for running handlers before process rejects', async () => {
    const { writer, reader } = await makeQueue(Job)
    await writer.send(job(0))
    const order: string[] = []
    let taking: Promise<Delivery<typeof Job> | undefined> | undefined
    const processing = reader.process(
      async () => {
        taking = reader.take() // so process cannot wait
        for (let turn = 0; turn < 10; turn++) await setImmediate()
        order.push('handled')
      },
      { concurrency: 2 },
    )
    await expect(processing.finally(() => order.push('rejected'))).rejects.toThrow(TypeError)
    expect(order).toEqual(['handled', 'rejected'])
    await writer.send(job(1))
    const delivery = await taking
    delivery?.ack()
    expect(writer.stats()).toMatchObject({ ready: 0, taken: 0 })
  })

  it('takes nothing more for an iteration that was left while it waited', async () => {
    const { writer, reader } = await makeQueue(Job)
    const iterator = reader.deliveries()
    const next = iterator.next()
    await iterator.return?.()
    expect(await next).toEqual({ value: undefined, done: true })
    await writer.send(job(0))
    const delivery = await reader.take()
    expect(delivery?.value.number).toBe(0)
    delivery?.ack()
    const stop = new AbortController()
    const aborted = reader.deliveries({ signal: stop.signal }).next()
    stop.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
  })

  it('loses nothing if a listener throws', async () => {
    const { writer, reader } = await makeQueue(Job, { maxDeliveries: 2 })
    await writer.send(job(0))
    const uncaught = catchUncaught()
    reader.on('redelivered', () => {
      throw new Error('redelivered')
    })
    reader.on('dead', () => {
      throw new Error('dead')
    })
    reader.on('failed', () => {
      throw new Error('failed')
    })
    const stop = new AbortController()
    await reader.process(
      () => {
        stop.abort()
        throw new Error('first')
      },
      { signal: stop.signal },
    )
    const delivery = await reader.take()
    expect(delivery?.deliveryCount).toBe(2)
    delivery?.retry()
    while (uncaught.length < 3) await setImmediate()
    expect(uncaught).toEqual(['failed', 'redelivered', 'dead'].map((message) => new Error(message)))
    expect(reader.stats()).toMatchObject({ ready: 0, taken: 0, dead: 1 })
  })

  it('sets aside all messages that took too long, although a listener closes the consumer at the first', async () => {
    const { name, writer, reader } = await makeQueue(Job, { maxDeliveries: 1, maxProcessingMs: 20 })
    const other = await openQueue(name, Job)
    onTestFinished(() => other.close({ timeoutMs: 0 }))
    await writer.sendBatch([job(0), job(1), job(2)])
    await takeAll(other)
    for (const each of [reader, other]) each.on('dead', () => void each.close())
    while (writer.stats().dead < 3) await setTimeout(1)
    expect(writer.stats()).toMatchObject({ ready: 0, taken: 0, dead: 3 })
  })

  it('sets aside a message that cannot be copied', async () => {
    const { name, writer, reader } = await makeQueue(Job, { maxDeliveries: 2, maxProcessingMs: 600_000 })
    await writer.send(job(0))
    const { control } = await openQueueChannel(name)
    control.forEachSlot((index, word) => {
      if (kindOf(word) === READY) control.words[index + LENGTH] = -1
    })
    const corrupt = expect.objectContaining({ code: 'CORRUPT' })
    expect(() => reader.tryTake()).toThrow(corrupt)
    expect(reader.stats()).toMatchObject({ ready: 1, taken: 0 })
    expect(() => reader.poll(() => {})).toThrow(corrupt)
    expect(reader.stats()).toMatchObject({ ready: 0, taken: 0, dead: 1 })
    const reasons = [...reader.deadLetters()].map((letter) => letter.reason)
    expect(reasons).toEqual([expect.stringContaining('a message of 4294967295 bytes')])
  })

  it('passes over messages and letters that are taken away while they are read', async () => {
    const { name, writer, reader } = await makeQueue(Job, { maxDeliveries: 2, maxProcessingMs: 600_000 })
    const { control } = await openQueueChannel(name)
    await writer.sendBatch([job(0), job(1)])
    const { isTaken } = TakenMessages.prototype
    onTestFinished(() => {
      TakenMessages.prototype.isTaken = isTaken
    })
    const takeAwayAtNextLook = () => {
      TakenMessages.prototype.isTaken = (index, taken) => {
        TakenMessages.prototype.isTaken = isTaken
        control.giveUp(index, taken)
        announceReturn(control)
        return false
      }
    }
    takeAwayAtNextLook()
    const seen: number[] = []
    expect(reader.poll(({ number }) => void seen.push(number))).toBe(2)
    expect(seen.sort()).toEqual([0, 1])
    await writer.sendBatch([job(2), job(3)])
    for (const delivery of await takeAll(reader)) delivery.reject()
    takeAwayAtNextLook()
    expect([...reader.deadLetters()].map(({ value }) => value.number)).toEqual([3])
    expect([...reader.deadLetters()].map(({ value }) => value.number)).toEqual([2, 3])
  })

  it('goes on after its producer has closed, and in the same slots with the next one', async () => {
    const { name, writer, reader } = await makeQueue(Job, { capacity: 4 })
    await writer.sendBatch([job(0), job(1)])
    expect(() => createQueue(name, Job)).toThrow(expect.objectContaining({ code: 'ALREADY_EXISTS' }))
    writer.close()
    expect(() => writer.trySend(job(9))).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(reader.producers).toBe(0)
    using next = createQueue(name, Job)
    expect(next.sent).toBe(2)
    await next.sendBatch([job(2), job(3)])
    expect(next.trySend(job(4))).toBe(false)
    using joined = await joinQueue(name, Job)
    await joined.send(job(10))
    const all = await takeAll(reader)
    expect(all.map(({ value }) => value.number).filter((number) => number < 10)).toEqual([0, 1, 2, 3])
    for (const delivery of all) delivery.ack()
    await next.flush()
    await joined.flush()
  })

  it('is read by a consumer that knows fewer fields, and by one without a schema', async () => {
    const { name, writer, reader } = await makeQueue(Job)
    await reader.close()
    const Old = struct('Job', { price: f64 })
    const old = await openQueue(name, Old)
    const any = await openQueue(name)
    onTestFinished(() => Promise.all([old, any].map((each) => each.close({ timeoutMs: 0 }))).then(() => {}))
    await writer.send(job(7))
    const first = await old.take()
    expect(first?.value).toEqual({ price: 3.5 })
    first?.retry()
    const second = await any.take()
    expect(second?.value).toEqual(job(7))
    second?.ack()
    await expect(openQueue(name, struct('Job', { color: u32 }))).rejects.toThrow('color')
    await expect(joinQueue(name, Old)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' })
  })

  it('refuses wrong options, and says what to do', async () => {
    const { name, writer, reader } = await makeQueue(Job, { capacity: 4, maxDeliveries: 2 })
    expect(() => createQueue(uniqueName('memlane'), Job, { capacity: 5 })).toThrow('capacity 5 is not a power of two')
    expect(() => createQueue(uniqueName('memlane'), Job, { maxMessageLength: 4 })).toThrow('messages of 16 bytes')
    expect(() => createQueue(uniqueName('memlane'), Job, { slots: 5 } as object)).toThrow('no option "slots"')
    expect(() => createQueue(name, Job, { existing: 'join', maxDeliveries: 3 })).toThrow(
      'its maxDeliveries is 2, not 3',
    )
    await expect(openQueue(name, u32)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' })
    await expect(reader.process(() => {}, { concurrency: 0 })).rejects.toThrow('concurrency 0')
    await expect(reader.take({ timeoutMs: -1 })).rejects.toThrow('timeoutMs -1')
    await writer.send(job(0))
    const delivery = (await reader.take()) as Delivery<typeof Job>
    expect(() => delivery.retry({ delayMs: -1 })).toThrow('delayMs -1')
    delivery.ack()
    expect(() => delivery.ack()).toThrow('has ended already')
    expect(() => reader.poll(() => {}, -1)).toThrow('limit -1')
  })
})
