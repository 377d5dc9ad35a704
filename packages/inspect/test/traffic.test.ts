import { createLatest, createQueue, createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { backlogOf, inspect, rateBetween, type StreamInspection, sidesOf } from '../src/index.js'

describe('two looks at a memory', () => {
  it('tell its rate, also if a counter wraps between them', () => {
    const name = uniqueName('traffic')
    using writer = createStream(name, u32)
    const before = inspect(name, { processes: false }) as StreamInspection
    for (let n = 0; n < 10; n++) writer.trySend(n)
    const after = inspect(name, { processes: false })
    expect(rateBetween(before, after, 500)).toEqual({ perSecond: 20, bytesPerSecond: 320 })
    const wrapped = { ...before, figures: { ...before.figures, sent: 2 ** 32 - 5 } }
    expect(rateBetween(wrapped, after, 1000)?.perSecond).toBe(15)
    expect(rateBetween(undefined, after, 500)).toBe(undefined)
    expect(rateBetween({ ...before, instance: 'another' }, after, 500)).toBe(undefined)
    expect(sidesOf(after)).toMatchObject({ producers: [{ role: 'producer', slot: 0, state: 'alive' }], consumers: [] })
  })
})

describe('the backlog of a memory', () => {
  it('is what waits: messages of a queue, or the age of a value', () => {
    const name = uniqueName('traffic')
    using queue = createQueue(`${name}-queue`, u32)
    using latest = createLatest(`${name}-latest`, u32)
    queue.trySend(1)
    latest.set(1)
    expect(backlogOf(inspect(`${name}-queue`))).toMatchObject({ lagMessages: 1, ageMs: expect.any(Number), dropped: 0 })
    expect(backlogOf(inspect(`${name}-latest`))).toMatchObject({ lagMessages: undefined, ageMs: expect.any(Number) })
  })
})
