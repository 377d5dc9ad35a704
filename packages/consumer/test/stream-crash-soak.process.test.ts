import { setTimeout } from 'node:timers/promises'
import { capabilities, SharedMemory } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { Ledger, Numbered } from '../fixtures/stream-numbered.js'
import { ways } from '../fixtures/stream-reading.js'
import { openStream } from '../src/index.js'
import { StreamPeer } from './stream-peer.js'

const SOAK_MS = capabilities.namespace === 'posix' ? 10_000 : 5000
const sendings = ['send', 'sendSync', 'trySend', 'sendBatch', 'fillBatch', 'claim', 'claimSync', 'flush']
const readings = ['receive', 'iterate', 'batches', 'poll', 'receiveSync', 'pollSync', 'tryReceive']
const waits = ['park', 'adaptive', 'spin']

describe('two producers and two consumers that are killed again and again', () => {
  it('never cost the others a message, nor show them half of one', { timeout: 120_000 }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fffffff))
    console.log(`MEMLANE_SEED=${seed}`)
    const random = generator(seed)
    const one = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T

    const name = uniqueName('memlane')
    const creator = createStream(name, Numbered, { capacity: 65_536, maxProducers: 3, maxConsumers: 3 })
    using board = SharedMemory.create(`${name}-board`, 4 * 1000)
    using onlooker = await openStream(name, Numbered)
    const ledger = new Ledger()
    const read = ways.iterate(onlooker, ledger, Number.POSITIVE_INFINITY)
    const start = performance.now()
    let authors = 0

    const produceAndDie = async () => {
      while (performance.now() - start < SOAK_MS) {
        await using producer = new StreamPeer()
        const author = authors++
        await producer.call('join', name, { waitStrategy: one(waits) })
        await producer.call('become', author)
        await producer.call('board', board.name, author)
        void producer.call('produce', one(sendings))
        await setTimeout(random() * 400)
        await producer.kill()
      }
    }
    const consumeAndDie = async () => {
      while (performance.now() - start < SOAK_MS) {
        await using consumer = new StreamPeer()
        await consumer.call('open', name, { from: one(['now', 'oldest']), waitStrategy: one(waits) })
        const complaint = consumer.call('consume', one(readings)).then(
          () => 'ended',
          (error) => error.message,
        )
        expect(await Promise.race([complaint, setTimeout(random() * 400, 'alive')])).toBe('alive')
        await consumer.kill()
      }
    }
    await Promise.race([read, Promise.all([produceAndDie(), produceAndDie(), consumeAndDie(), consumeAndDie()])])
    creator.close()
    await read
    expect(onlooker.end).toBe('died')

    // What was sent and told of has come; what was sent just before the end may have been.
    const told = new Int32Array(board.buffer)
    for (let author = 0; author < authors; author++) {
      const [first, last] = ledger.authors[author] ?? [0, -1]
      expect([first, last + 1 >= (told[author] ?? 0)], `producer ${author}: ${last + 1}, ${told[author]}`).toEqual([
        0,
        true,
      ])
    }
    console.log(`${authors} producers, ${ledger.count} messages`)
  })
})

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}
