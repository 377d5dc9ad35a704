import { Waiter } from '@memlane/channel'
import { Doorbell, SharedMemory } from '@memlane/core'
import { createStream } from '@memlane/producer'
import {
  ConsumerSlot,
  LaneReader,
  newChannelHeader,
  ProducerSlot,
  type SleepMark,
  StreamControl,
  streamShape,
} from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

describe('between two steps', () => {
  it('a peer that publishes and dies before it is watched leaves no waiter asleep', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using bell = Doorbell.open(memory, 0)
    const mark = { set() {}, clear() {} } as unknown as SleepMark
    const waiter = new Waiter('park', { bell, mark })
    for (const wait of ['wait', 'waitSync'] as const) {
      let published = false
      const watchPeers = () => {
        published = true
        return false
      }
      expect(await waiter[wait]({ isThere: () => published, watchPeers })).toBe(true)
    }
  })

  it('a consumer that reads on between two checks of the producer does not let the producer overtake a joining consumer', () => {
    const capacity = 65_536
    const dimensions = { capacity, maxProducers: 1, maxConsumers: 2 }
    const fields = { ...dimensions, overflow: 'wait', withoutConsumers: 'keep-latest' } as const
    const header = newChannelHeader(streamShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
    const control = new StreamControl(new ArrayBuffer(header.controlLength), header)
    const memory = new ArrayBuffer(capacity)
    const { lane } = new ProducerSlot(control, 0, memory)
    const first = new ConsumerSlot(control, 0)
    first.join()
    const fill = () => {
      while (lane.claim(1000) !== -1) lane.commit()
    }
    fill()
    // The first consumer has read everything. It releases the room between the producer's two checks.
    const { positionOf } = control
    let looks = 0
    control.positionOf = (consumer, producer) => {
      if (++looks === 2) first.release(0, lane.position)
      return positionOf.call(control, consumer, producer)
    }
    const end = lane.position
    fill()
    const late = new ConsumerSlot(control, 1)
    late.join()
    fill()
    const start = control.positionOf(1, 0)
    const reader = new LaneReader(memory, 0, capacity, start)
    let count = 0
    while (reader.next() !== -1) expect(reader.sequence - count++, `from ${start}, ${end}`).toBe(0)
  })

  it('a consumer that has received every message releases the room before it waits', async () => {
    using producer = createStream(uniqueName('memlane'), Numbered)
    using consumer = await openStream(producer.name, Numbered)
    for (const waits of ['ready', 'readySync'] as const) {
      for (let own = 0; own < 10; own++) producer.trySend(numbered(1, own, 0, own))
      expect(consumer.poll(() => {}, 10)).toBe(10)
      expect(waits === 'ready' ? await consumer.ready({ timeoutMs: 1 }) : consumer.readySync({ timeoutMs: 1 })).toBe(
        false,
      )
      await producer.flush()
    }
  })

  it('a blocking send is refused while another send waits in the event loop, because neither could end', async () => {
    using producer = createStream(uniqueName('memlane'), Numbered, { capacity: 65_536 })
    using consumer = await openStream(producer.name, Numbered)
    while (producer.trySend(numbered(1, 0, 0, 0)));
    const sent = producer.send(numbered(1, 1, 0, 1))
    expect(() => producer.sendSync(numbered(1, 2, 0, 2))).toThrow(TypeError)
    while (consumer.poll(() => {}) > 0);
    await sent
  })
})
