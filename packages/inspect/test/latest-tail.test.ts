import { openLatest } from '@memlane/consumer'
import { SharedMemory, SharedMemoryError } from '@memlane/core'
import { createLatest } from '@memlane/producer'
import { board, payload, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { seed } from '@memlane/testing/seed'
import { describe, expect, it } from 'vitest'
import { openTail, type Tail } from '../src/index.js'

function read(tail: Tail): object[] {
  const values: object[] = []
  tail.poll(({ key, value, sequence, missedBefore, kind }) => values.push({ key, value, sequence, missedBefore, kind }))
  return values
}

describe('a tail of a latest', () => {
  it('sees the newest value of each key that has changed, and counts those in between', () => {
    const name = uniqueName('tail')
    using writer = createLatest(name, board({ count: u32, note: payload.json() }))
    writer.key('count').set(1)
    using tail = openTail(name)
    using newest = openTail(name, { from: 'newest' })
    expect(read(tail)).toEqual([])
    const common = { kind: 'value', missedBefore: 0 }
    expect(read(newest)).toEqual([{ ...common, key: 'count', value: 1, sequence: 1 }])
    writer.key('note').set({ a: 'b' })
    for (let value = 2; value <= 6; value++) writer.key('count').set(value)
    const before = Date.now()
    let time = 0
    tail.poll((message) => {
      time = message.time as number
    }, 1)
    expect(Math.abs(time - before)).toBeLessThan(3_600_000)
    tail.poll(() => {})
    expect(tail.missed).toBe(4)
    expect(read(newest)).toEqual(
      expect.arrayContaining([
        { ...common, key: 'note', value: { a: 'b' }, sequence: 1 },
        { ...common, key: 'count', value: 6, sequence: 6, missedBefore: 4 },
      ]),
    )
    expect(read(newest)).toEqual([])
  })

  it('leaves every byte as it is, takes no place, and ends with the last participant', async () => {
    const name = uniqueName('tail')
    const writer = createLatest(name, u32, { maxReaders: 1 })
    using reader = await openLatest(name, u32)
    const changed = reader.wait()
    await new Promise((resolve) => setTimeout(resolve, 20))
    using memory = SharedMemory.open(name, { access: 'read' })
    const before = memory.bytes.slice()
    const tail = openTail(name, { intervalMs: 1 })
    expect(read(tail)).toEqual([])
    expect(Buffer.compare(memory.bytes, before)).toBe(0)
    writer.set(5)
    await changed
    expect(read(tail)).toMatchObject([{ value: 5 }])
    writer.close()
    reader.close()
    memory.close()
    for await (const message of tail) throw new Error(`there is none: ${message.value}`)
    expect(tail.ended).toBe('closed')
  })

  it(`bears any bytes (seed ${seed})`, () => {
    const random = randomFrom(seed)
    const name = uniqueName('tail')
    using writer = createLatest(name, board({ a: payload.bytes, b: u32 }), { maxMessageLength: 100 })
    writer.key('a').set(new Uint8Array(50))
    using memory = SharedMemory.open(name)
    const words = new Uint32Array(memory.buffer)
    using tail = openTail(name)
    for (let change = 0; change < 5000; change++) {
      const index = 65_536 / 4 + Math.floor(random() * (words.length - 65_536 / 4))
      words[index] = random() < 0.5 ? Math.floor(random() * 2 ** 32) : Math.floor(random() * 200)
      try {
        tail.poll((message) => message.bytes())
      } catch (error) {
        expect(error).toBeInstanceOf(SharedMemoryError)
        expect((error as SharedMemoryError).code).toBe('CORRUPT')
      }
    }
  })
})
