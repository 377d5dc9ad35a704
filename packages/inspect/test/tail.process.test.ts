import { uniqueName } from '@memlane/testing'
import { isWhole, type NumberedMessage } from '@memlane/testing/numbered-message'
import { QueuePeer } from '@memlane/testing/queue-peer'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { describe, expect, it } from 'vitest'
import { openTail } from '../src/index.js'

describe('a tail of other processes', () => {
  it('sees whole messages in order while producers and consumers run at full rate, counts the others, and sees a death', async () => {
    const name = uniqueName('tail')
    await using first = new StreamPeer()
    await using second = new StreamPeer()
    await first.call('create', name, { capacity: 65_536 })
    await second.call('join', name)
    await using consumer = new StreamPeer()
    await consumer.call('open', name)
    const tail = openTail(name, { intervalMs: 1 })
    const expected = [0, 0]
    let seen = 0
    const observed = (async () => {
      for await (const { producer, sequence, missedBefore, value } of tail) {
        expect(isWhole(value as NumberedMessage)).toBe(true)
        expect((value as NumberedMessage).number).toBe(sequence)
        expect(sequence - missedBefore).toBe(expected[producer])
        expected[producer] = sequence + 1
        seen++
      }
    })()
    const consumed = consumer.call('consume', 'poll', 40_000)
    const counts = await Promise.all([first.call('produce', 'send', 20_000), second.call('produce', 'trySend', 20_000)])
    expect(await consumed).toMatchObject({ count: 40_000 })
    await Promise.all([first.kill(), second.kill(), consumer.kill()])
    await observed
    expect(expected).toEqual(counts)
    expect(seen + tail.missed).toBe(40_000)
    expect(tail.ended).toBe('died')
  })

  it('sees what goes through a queue whose consumers are fast', async () => {
    const name = uniqueName('tail')
    await using producer = new QueuePeer()
    await using consumer = new QueuePeer()
    await producer.call('create', name, { capacity: 16_384 })
    await consumer.call('open', name)
    using tail = openTail(name)
    const numbers: number[] = []
    const poll = () =>
      tail.poll(({ value }) => {
        expect(isWhole(value as NumberedMessage)).toBe(true)
        numbers.push((value as NumberedMessage).own)
      })
    const done = Promise.all([producer.call('send', 0, 10_000), consumer.call('poll', 10_000)])
    let isDone = false
    void done.then(() => {
      isDone = true
    })
    while (!isDone) {
      poll()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await done
    while (poll() > 0);
    // No slot was used twice: so the tail can tell that each message is still there.
    expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, number) => number))
    expect(tail.missed).toBe(0)
  })
})
