import { expect, it } from 'vitest'
import {
  DEAD,
  FREE,
  kindOf,
  MessageRecall,
  newChannelHeader,
  ProducerPlace,
  QueueControl,
  QueueTaker,
  queueShape,
  SlotWriter,
} from '../src/internal.js'
import { HINT } from '../src/slots/slots-layout.js'

function makeQueue(capacity: number) {
  const fields = {
    ...{ capacity, maxMessageLength: 8, maxProducers: 1, maxConsumers: 2 },
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
  return { control, writer, send }
}

it('finds each slot that becomes free by quick checks alone', () => {
  const { control, writer, send } = makeQueue(64)
  for (let id = 0; id < 64; id++) send(id)
  const taker = new QueueTaker(control, 0, 1, () => 1)
  const taken = Array.from({ length: 64 }, () => ({ index: taker.take(), word: taker.taken }))
  expect(writer.claim(8)).toBe(-1)
  for (const { index, word } of taken.reverse()) {
    expect(writer.hasRoomNear()).toBe(false)
    expect(control.acknowledge(index, word)).toBe(true)
    let checks = 1
    while (!writer.hasRoomNear()) checks++
    expect(checks).toBeLessThanOrEqual(16)
    expect(writer.claim(8)).toBe(control.payloadOf(index))
    writer.commit()
    expect(writer.claim(8)).toBe(-1)
  }
})

it('remembers whether a search for a free slot has seen a dead letter', () => {
  const { control, writer, send } = makeQueue(2)
  send(0)
  send(1)
  expect(writer.claim(8)).toBe(-1)
  expect(writer.hasSeen(DEAD)).toBe(false)
  const taker = new QueueTaker(control, 0, 1, () => 1)
  control.giveBack(taker.take(), taker.taken, { as: 'rejects', notBefore: 0, reason: '' })
  expect(writer.hasRoom(8)).toBe(false)
  expect(writer.hasSeen(DEAD)).toBe(true)
  expect(control.dropDead(0)).toBe(true)
  expect(writer.claim(8)).not.toBe(-1)
})

it('takes no message of a batch that is not published', () => {
  const { control, writer, send } = makeQueue(2)
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

it('takes back what waits, and nothing that a consumer has or had', () => {
  const { control, send } = makeQueue(2)
  const recall = new MessageRecall(control, 0)
  const taker = new QueueTaker(control, 0, 1, () => 1)
  const index = control.slotIndex(0, 0)
  send(0)
  const waiting = control.wordOf(index)
  expect(recall.takeBack(index, waiting)).toBe(true)
  expect([kindOf(control.wordOf(index)), taker.take()]).toEqual([FREE, -1])
  expect(recall.takeBack(index, control.wordOf(index))).toBe(false) // there is nothing
  send(1)
  send(2) // into the same slot: the ring names it twice
  const ids = [taker.take(), taker.take()].map((slot) => idAt(control, slot))
  expect([ids, taker.take()]).toEqual([[1, 2], -1])
  const taken = control.wordOf(index)
  expect([recall.takeBack(index, taken), recall.takeBack(index, waiting)]).toEqual([false, false])
  control.giveBack(index, taken, { as: 'counts', notBefore: 0, reason: '' })
  expect(new MessageRecall(control, 1).takeBack(index, control.wordOf(index))).toBe(false) // not of this producer
  expect(recall.takeBack(index, control.wordOf(index))).toBe(true)
  expect(taker.take()).toBe(-1)
})

it('takes new messages back from the oldest on, so that no consumer loses sight of one', () => {
  const { control, send } = makeQueue(2)
  const taker = new QueueTaker(control, 0, 1, () => 1)
  const slots = [control.slotIndex(0, 0), control.slotIndex(0, 1)] as const
  const takeBack = (index: number, recall: MessageRecall) => recall.takeBack(index, control.wordOf(index))
  send(0)
  send(1)
  const recall = new MessageRecall(control, 0)
  expect(takeBack(slots[1], recall)).toBe(false) // 0 is older
  expect([takeBack(slots[0], recall), takeBack(slots[1], recall)]).toEqual([true, true])
  for (let id = 2; id < 40; id++) {
    send(id)
    expect(takeBack(slots[id & 1] as number, recall)).toBe(true)
  }
  expect(taker.take()).toBe(-1)
  send(40)
  send(41)
  expect(takeBack(slots[0], recall)).toBe(true)
  send(42)
  expect([idAt(control, taker.take()), idAt(control, taker.take()), taker.take()]).toEqual([41, 42, -1])
})

it('takes back no message of a batch that is not published', () => {
  const { control, writer, send } = makeQueue(2)
  const recall = new MessageRecall(control, 0)
  const index = control.slotIndex(0, 0)
  writer.beginBatch()
  send(0)
  expect(recall.takeBack(index, control.wordOf(index))).toBe(false)
  writer.endBatch()
  expect(recall.takeBack(index, control.wordOf(index))).toBe(true)
})

function idAt(control: QueueControl, index: number): number {
  return control.data.getFloat64(control.payloadOf(index), true)
}
