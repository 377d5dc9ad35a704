import { openQueue } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { createQueue, createStream } from '@memlane/producer'
import { payload } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { inspectDeadLetters } from '../src/index.js'

describe('the dead letters of a queue', () => {
  it('are read where they lie, and stay there', async () => {
    const name = uniqueName('dead')
    using writer = createQueue(name, payload.json(), { capacity: 8, maxDeliveries: 2 })
    const reader = await openQueue(name, payload.json())
    for (let n = 0; n < 3; n++) writer.trySend({ n })
    reader.tryTake()?.ack()
    reader.tryTake()?.reject('bad weather')
    for (let attempt = 0; attempt < 2; attempt++) reader.tryTake()?.retry({ reason: `attempt ${attempt}` })
    using memory = SharedMemory.open(name, { access: 'read' })
    const before = memory.bytes.slice()
    const letters = inspectDeadLetters(name)
    expect(letters).toMatchObject([
      { producer: 0, slot: 1, deliveryCount: 1, reason: 'bad weather', pid: process.pid, value: { n: 1 } },
      { producer: 0, slot: 2, deliveryCount: 2, reason: 'attempt 1', pid: process.pid, value: { n: 2 } },
    ])
    expect(new TextDecoder().decode(letters[0]?.bytes)).toBe('{"n":1}')
    expect(letters.every(({ ageMs }) => ageMs >= 0 && ageMs < 60_000)).toBe(true)
    expect(Buffer.compare(memory.bytes, before)).toBe(0)
    const [only] = letters
    for (const letter of reader.deadLetters(only === undefined ? {} : { only })) letter.discard()
    expect(inspectDeadLetters(name)).toMatchObject([{ slot: 2 }])
    await reader.close()
  })

  it('are those of a queue, and of nothing else', () => {
    const name = uniqueName('dead')
    using _ = createStream(name, payload.json())
    expect(() => inspectDeadLetters(name)).toThrow(expect.objectContaining({ code: 'NOT_A_CHANNEL' }))
    expect(() => inspectDeadLetters(name, { processes: true } as never)).toThrow(TypeError)
  })
})
