import { expect, it } from 'vitest'
import { newChannelHeader, ProducerPlace, QueueControl, QueueTaker, queueShape, SlotWriter } from '../src/internal.js'
import { HINT } from '../src/slots/slots-layout.js'

it('takes no message of a batch that is not published', () => {
  const fields = {
    ...{ capacity: 2, maxMessageLength: 8, maxProducers: 1, maxConsumers: 2 },
    ...{ maxDeliveries: 5, maxDeadLetters: 0, maxProcessingMs: 0 },
  }
  const header = newChannelHeader(queueShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
  const control = new QueueControl(new ArrayBuffer(header.length), header)
  new ProducerPlace(control, 0)
  const writer = new SlotWriter(control, 0, () => 1, '')
  const send = (id: number) => {
    const offset = writer.claim(8)
    expect(offset).not.toBe(-1)
    writer.data.setFloat64(offset, id, true)
    writer.commit()
  }
  const takers = [0, 1].map((consumer) => new QueueTaker(control, consumer, 1, () => 1))
  const take = (taker: QueueTaker) => {
    const index = taker.take()
    if (index === -1) return undefined
    const id = control.data.getFloat64(control.payloadOf(index), true)
    control.acknowledge(index, taker.taken)
    return id
  }
  const [slow, fast] = takers as [QueueTaker, QueueTaker]
  send(0)
  send(1)
  expect(take(slow)).toBe(0) // has seen the tail at 2, and is then stopped before it stores the hint
  expect(take(fast)).toBe(1)
  send(2)
  expect(take(fast)).toBe(2)
  send(3)
  expect(take(fast)).toBe(3)
  control.words[control.producers.slotIndex(0) + HINT] = 1 // the slow consumer's late store
  writer.beginBatch()
  send(4)
  send(5)
  expect(take(slow)).toBe(undefined) // nothing is published
  writer.endBatch()
  expect([take(slow), take(slow)]).toEqual([4, 5])
})
