import { SharedMemory } from '@memlane/core'
import { f64, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { type CreateStreamOptions, createStream, joinStream } from '../src/index.js'
import { HoldingConsumer } from './holding-consumer.js'

const CAPACITY = 65_536
const code = (code: string, message = '') =>
  expect.objectContaining({ name: 'SharedMemoryError', code, message: expect.stringContaining(message) })
const make = (options: CreateStreamOptions = {}) =>
  createStream(uniqueName('stream'), u32, { capacity: CAPACITY, ...options })

describe('createStream, if there is a stream of that name', () => {
  it('takes it over after its producer has closed, and continues its lane', () => {
    const first = make()
    using consumer = new HoldingConsumer(first.name, u32)
    first.trySendBatch([1, 2, 3])
    first.close()
    using second = createStream(first.name, u32)
    expect([second.lane, second.sent]).toEqual([0, 3])
    second.trySend(4)
    expect(consumer.read()).toEqual([1, 2, 3, 4])
  })

  it('refuses to take it over while a producer lives, and names its process and the option that helps', async () => {
    using first = make({ maxProducers: 3 })
    const message = `Stream "${first.name}": it has a producer already: this process (lane 0). `
    expect(() => createStream(first.name, u32)).toThrow(code('ALREADY_EXISTS', message))
    expect(() => createStream(first.name, u32)).toThrow(code('ALREADY_EXISTS', 'existing: "join" or joinStream'))
    using _second = await joinStream(first.name, u32)
    expect(() => createStream(first.name, u32, { existing: 'take-over' })).toThrow(
      code('ALREADY_EXISTS', 'this process (lane 0), this process (lane 1)'),
    )
  })

  it('leaves no handle behind when it refuses', () => {
    const first = make()
    expect(() => createStream(first.name, u32)).toThrow(code('ALREADY_EXISTS'))
    expect(() => createStream(first.name, f64)).toThrow(code('SCHEMA_MISMATCH'))
    expect(() => createStream(first.name, u32, { capacity: 2 * CAPACITY })).toThrow(code('OPTIONS_MISMATCH'))
    first.close()
    expect(() => SharedMemory.open(first.name)).toThrow(code('NOT_FOUND'))
  })

  it('with existing: "refuse" refuses it even if its producer has closed', () => {
    const first = make({ existing: 'refuse' })
    using _consumer = new HoldingConsumer(first.name, u32)
    first.close()
    expect(() => createStream(first.name, u32, { existing: 'refuse' })).toThrow(
      code('ALREADY_EXISTS', 'existing is "refuse"'),
    )
  })

  it('with existing: "join" becomes one more producer, or the first one', () => {
    using first = make({ maxProducers: 2, existing: 'join' })
    using second = createStream(first.name, u32, { existing: 'join' })
    expect([first.lane, second.lane]).toEqual([0, 1])
    expect(second.maxMessageLength).toBe(first.maxMessageLength)
    const holders =
      'They are held by this process (lane 0), this process (lane 1). Create it with a larger maxProducers'
    expect(() => createStream(first.name, u32, { existing: 'join' })).toThrow(code('FULL', holders))
    expect(() => createStream(first.name, f64, { existing: 'join' })).toThrow(code('SCHEMA_MISMATCH'))
  })

  it.each([
    [{ capacity: 131_072 }, 'its capacity is 65536, not 131072'],
    [{ maxProducers: 5 }, 'its maxProducers is 4, not 5'],
    [{ maxConsumers: 1 }, 'its maxConsumers is 16, not 1'],
    [{ overflow: 'overwrite' }, 'its overflow is "wait", not "overwrite"'],
    [{ withoutConsumers: 'wait' }, 'its withoutConsumers is "keep-latest", not "wait"'],
  ] as const)('says OPTIONS_MISMATCH for other options than it was made with: %j', (options, message) => {
    const first = make()
    using _consumer = new HoldingConsumer(first.name, u32)
    expect(() => createStream(first.name, u32, { ...options, existing: 'join' })).toThrow(
      code('OPTIONS_MISMATCH', message),
    )
    first.close()
    expect(() => createStream(first.name, u32, options)).toThrow(code('OPTIONS_MISMATCH', message))
    using _same = createStream(first.name, u32, {
      capacity: CAPACITY,
      maxProducers: 4,
      maxConsumers: 16,
      overflow: 'wait',
    })
  })

  it('still refuses options that no stream can have', () => {
    using first = make()
    expect(() => createStream(first.name, u32, { capacity: 5 })).toThrow(RangeError)
    expect(() => createStream(first.name, u32, { existing: 'join', maxProducers: 65 })).toThrow(RangeError)
  })

  it('says NOT_A_CHANNEL for memory that is no stream', () => {
    const name = uniqueName('stream')
    using _foreign = SharedMemory.create(name, 2 ** 20, { initialize: (buffer) => new Uint8Array(buffer).fill(1) })
    for (const existing of ['take-over', 'join'] as const) {
      expect(() => createStream(name, u32, { existing })).toThrow(code('NOT_A_CHANNEL'))
    }
    expect(() => createStream(name, u32, { existing: 'refuse' })).toThrow(code('ALREADY_EXISTS'))
  })
})

describe('options of streams', () => {
  it.each([
    [{ maxProducer: 2 }, 'createStream has no option "maxProducer". Did you mean "maxProducers"?'],
    [{ wait: 'park' }, 'createStream has no option "wait"'],
    [{ producers: 2 }, 'Did you mean "maxProducers"?'],
    [{ view: { length: 8 } }, 'createStream has no option "view"'],
    [{ mode: '0600' }, 'mode must be a number such as 0o600, not "0600"'],
    [{ capacity: '65536' }, 'capacity must be a number, not "65536"'],
    [{ existing: 'open' }, 'existing must be "take-over", "join" or "refuse", not "open"'],
    [{ lane: '1' }, 'lane must be a whole number'],
    [{ waitStrategy: 'sleep' }, 'waitStrategy must be "adaptive", "park" or "spin", not "sleep"'],
  ])('are checked by createStream: %j', (options, message) => {
    const name = uniqueName('stream')
    expect(() => createStream(name, u32, options as object)).toThrow(TypeError)
    expect(() => createStream(name, u32, options as object)).toThrow(message)
    expect(() => SharedMemory.open(name)).toThrow(code('NOT_FOUND'))
  })

  it('are checked by joinStream', async () => {
    const name = uniqueName('stream')
    await expect(joinStream(name, u32, { capacity: 65_536 } as object)).rejects.toThrow(
      /^joinStream has no option "capacity"/,
    )
    await expect(joinStream(name, u32, { timeoutMs: '5' } as object)).rejects.toThrow(/^timeoutMs must be a number/)
    await expect(joinStream(name, u32, 5 as never)).rejects.toThrow(
      /^the options of joinStream must be an object, not 5/,
    )
  })
})
