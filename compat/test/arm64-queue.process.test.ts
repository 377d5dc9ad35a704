import { uniqueName } from '@memlane/testing'
import { QueuePeer } from '@memlane/testing/queue-peer'
import { describe, expect, it } from 'vitest'
import { canEmulate, type Machine, on, pairs } from '../fixtures/arm64.js'

const MESSAGES = 2000

const peer = (machine: Machine) => new QueuePeer(on(machine, 'queue-peer'))
const range = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index)
const inOrder = (numbers: unknown[]) => (numbers as number[]).sort((a, b) => a - b)

describe.runIf(canEmulate).each(pairs)('a queue from %s to %s', (from, to) => {
  it.each(['adaptive', 'park'])(
    'carries each message once, to consumers of both, %s',
    { timeout: 300_000 },
    async (waitStrategy) => {
      const name = uniqueName('queue')
      await using producer = peer(from)
      await using first = peer(to)
      await using second = peer(from)
      await producer.call('create', name, { capacity: 64, waitStrategy })
      for (const consumer of [first, second]) await consumer.call('open', name, { waitStrategy })
      const polling = first.call('poll', 500)
      await producer.call('send', 0, 500)
      await polling
      const processing = [first.call('process', 1), second.call('process', 3)]
      await producer.call('send', 500, MESSAGES)
      await producer.call('flush')
      for (const consumer of [first, second]) await consumer.call('closeReader')
      expect(inOrder((await Promise.all(processing)).flat())).toEqual(range(0, 500 + MESSAGES))
    },
  )

  it('wakes a consumer that blocks, and a producer without a free slot', { timeout: 300_000 }, async () => {
    const name = uniqueName('queue')
    await using producer = peer(from)
    await using consumer = peer(to)
    await producer.call('create', name, { capacity: 4, waitStrategy: 'park' })
    await consumer.call('open', name, { waitStrategy: 'park' })
    const taking = consumer.call('takeSync', MESSAGES)
    await producer.call('send', 0, MESSAGES)
    expect(await taking).toEqual(range(0, MESSAGES))
  })

  it('gives the messages of a killed consumer to the other machine', { timeout: 300_000 }, async () => {
    const name = uniqueName('queue')
    await using producer = peer(from)
    await using victim = peer(to)
    await using survivor = peer(from)
    await producer.call('create', name, { waitStrategy: 'park' })
    for (const consumer of [victim, survivor]) await consumer.call('open', name, { waitStrategy: 'park' })
    const holding = victim.call('hold', 5)
    await producer.call('send', 0, 5)
    const held = (await holding) as number[]
    const again = survivor.call('hold', 5) // it sleeps: the death wakes it
    await victim.kill()
    expect(inOrder(await again)).toEqual(inOrder(held))
    expect(await survivor.call('counts')).toEqual([2, 2, 2, 2, 2])
    await survivor.call('ack')
    await producer.call('flush')
  })

  it('goes on in the slots of a killed producer', { timeout: 300_000 }, async () => {
    const name = uniqueName('queue')
    await using consumer = peer(to)
    await using producer = peer(from)
    await producer.call('create', name, { capacity: 8 })
    await consumer.call('open', name, { waitStrategy: 'park' })
    await producer.call('send', 0, 3)
    expect(await producer.last('dieInBatch')).toMatchObject({ signal: 'SIGKILL' })
    await using heir = peer(to)
    await heir.call('join', name)
    const processing = consumer.call('process', 1)
    expect(await heir.call('send', 3, 100)).toBe(103)
    await heir.call('flush')
    await consumer.call('closeReader')
    expect(await processing).toEqual(range(0, 103))
  })
})
