import { bytes, type Overflow, struct, u32 } from '@memlane/protocol'
import {
  ConsumerSlot,
  codecOf,
  newChannelHeader,
  ProducerSlot,
  StreamControl,
  streamShape,
} from '@memlane/protocol/internal'
import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeldCursor, OverwrittenCursor, wideStart } from '../src/index.js'

const CAPACITY = 65_536
const Message = struct('Message', { number: u32, again: u32, filler: bytes(200), last: u32 })
const codec = codecOf(Message)

function makeLane(overflow: Overflow, start: bigint, inOrder: boolean) {
  const dimensions = { capacity: CAPACITY, maxProducers: 1, maxConsumers: 2 }
  const fields = { ...dimensions, overflow, withoutConsumers: 'keep-latest' as const }
  const header = newChannelHeader(streamShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
  const buffer = new ArrayBuffer(header.controlLength)
  const view = new DataView(buffer)
  if (overflow === 'overwrite') view.setBigUint64(1032, start, true)
  else view.setUint32(1032, Number(BigInt.asUintN(32, start)), true)
  view.setUint32(1040, Number(BigInt.asUintN(32, start)), true)
  const control = new StreamControl(buffer, header, inOrder)
  const lane = new ArrayBuffer(CAPACITY)
  const slot = new ProducerSlot(control, 0, lane)
  const message = Message.view(lane, 0)
  let sent = 0
  const send = (count: number) => {
    slot.lane.beginBatch()
    const done = slot.lane.fill(count, Message.length, { at: (offset) => offset }, (offset) => {
      Message.moveTo(message, offset)
      message.number = sent
      message.again = sent
      message.last = sent++
    })
    slot.lane.endBatch()
    return done
  }
  return { control, lane, slot, send, sent: () => sent }
}

const numberOf = (data: DataView, offset: number): number => {
  const number = data.getUint32(offset, true)
  if (data.getUint32(offset + 4, true) !== number || data.getUint32(offset + 208, true) !== number) {
    expect.unreachable(`message ${number} is torn`)
  }
  return number
}

const start = fc.oneof(
  fc.constant(0n),
  fc.bigInt(2n ** 31n - 100_000n, 2n ** 31n).map((at) => at & -8n),
  fc.bigInt(2n ** 32n - 100_000n, 2n ** 32n).map((at) => at & -8n),
  fc.bigInt(2n ** 40n - 100_000n, 2n ** 40n).map((at) => at & -8n),
)
const step = fc.record({
  do: fc.constantFrom('send' as const, 'next' as const, 'drain' as const, 'count' as const, 'skip' as const),
  count: fc.nat(400),
  rare: fc.nat(9),
})

describe('a cursor, compared with a simple queue,', () => {
  it('that producers wait for gets every message, and releases no room that it still needs', () => {
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 80, size: 'max' }), fc.boolean(), (start, steps, inOrder) => {
        const { control, lane, slot: producer, send, sent } = makeLane('wait', start, inOrder)
        const slot = new ConsumerSlot(control, 0)
        slot.join()
        const cursor = new HeldCursor(control, 0, lane, codec.view, control.positionOf(0, 0), slot, undefined)
        let next = 0
        for (const action of steps) {
          if (action.do === 'send') send(action.count)
          if (action.do === 'count') expect(cursor.count()).toBe(sent() - next)
          if (action.do === 'skip' && action.rare === 0) {
            cursor.skipToEnd()
            next = sent()
          }
          if (action.do === 'next') {
            for (let i = 0; i < action.count && cursor.next(); i++) {
              expect(cursor.length).toBe(Message.length)
              if (numberOf(cursor.data, cursor.offset) !== next++) expect.unreachable()
            }
          }
          if (action.do === 'drain') {
            const take = (message: { number: number; last: number }) => {
              if (message.number !== next++ || message.last !== message.number) expect.unreachable()
            }
            const handled = cursor.drain(take, action.count, action.rare)
            expect(handled).toBeLessThanOrEqual(action.count)
            if (handled < action.count) expect(control.positionOf(0, 0)).toBe(producer.lane.position)
          }
          expect(cursor.ready()).toBe(next < sent())
          expect(cursor.missed).toBe(0)
        }
      }),
      { seed, numRuns: 300 },
    )
  })

  it('that is overtaken counts exactly what it missed, however large its positions are', () => {
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 80, size: 'max' }), fc.boolean(), (start, steps, inOrder) => {
        const { control, lane, send, sent } = makeLane('overwrite', start, inOrder)
        const copy = new ArrayBuffer(CAPACITY / 2)
        const cursor = new OverwrittenCursor(control, 0, lane, codec.view, wideStart(control, 0, 'now'), copy)
        let received = 0
        let last = -1
        const take = (number: number) => {
          if (number <= last) expect.unreachable(`${number} after ${last}`)
          last = number
          received++
          if (received + cursor.missed !== number + 1)
            expect.unreachable(`${received} and ${cursor.missed} missed at ${number}`)
        }
        for (const action of steps) {
          if (action.do === 'send') {
            // Batches are no longer than the lane.
            for (let left = action.count * (action.rare + 1); left > 0; ) left -= send(Math.min(left, 100))
          }
          if (action.do === 'count') expect(cursor.count()).toBeLessThanOrEqual(sent() - last - 1)
          if (action.do === 'next') {
            for (let i = 0; i < action.count && cursor.next(); i++) take(numberOf(cursor.data, cursor.offset))
          }
          if (action.do === 'drain') cursor.drain((message) => take(message.number), action.count)
        }
        while (cursor.next()) take(numberOf(cursor.data, cursor.offset))
        expect(received + cursor.missed).toBe(sent())
        expect(cursor.ready()).toBe(false)
      }),
      { seed, numRuns: 300 },
    )
  })
})

describe('a cursor that is overtaken, in a ring of records without end', () => {
  it.each([0n, 2n ** 53n - 8n, 2n ** 60n, -8n])(
    'skips and counts no more than the ring has, with the base at %s',
    (base) => {
      const { control, lane } = makeLane('overwrite', 0n, false)
      control.wideWords[129] = base
      new Int32Array(lane).fill(1)
      const copy = new ArrayBuffer(CAPACITY / 2)
      const cursor = new OverwrittenCursor(control, 0, lane, codec.view, wideStart(control, 0, 'oldest'), copy)
      cursor.skipToEnd()
      expect(cursor.next()).toBe(true)
      expect(cursor.count()).toBe(CAPACITY / 8)
    },
  )
})
