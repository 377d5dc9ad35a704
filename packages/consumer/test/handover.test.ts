import { StreamChannel, takeProducerSeat } from '@memlane/channel'
import { joinStream, type StreamWriter } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { codecOf, ProducerSlot } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { StreamReader } from '../src/index.js'

const codec = codecOf(u32)

it('a stream goes on when one producer comes just before the last other one dies', async () => {
  const channel = StreamChannel.create(uniqueName('handover'), codec, { capacity: 65_536 })
  const old = StreamChannel.open(channel.name, codec)
  const seat = takeProducerSeat(old, 1)
  new ProducerSlot(old.control, seat.index, old.openLane(seat.index, 'readwrite').buffer)
  using reader = new StreamReader<typeof u32>(channel, codec)
  expect(reader.readySync({ timeoutMs: 0 })).toBe(false)

  const next = await StreamChannel.waitFor(channel.name, codec)
  const { control } = channel
  const stateOf = control.stateOf.bind(control)
  const scanned: number[] = []
  control.stateOf = (producer) => {
    scanned.push(producer)
    if (producer === 1 && scanned.at(-2) === 0 && !old.closed) {
      const { index } = takeProducerSeat(next, 0)
      new ProducerSlot(next.control, index, next.openLane(index, 'readwrite').buffer)
      old.close()
    }
    return stateOf(producer)
  }
  expect(reader.readySync({ timeoutMs: 0 })).toBe(false)
  expect(old.closed).toBe(true)
  expect(reader.end).toBeUndefined()

  next.close()
  expect(reader.readySync({ timeoutMs: 0 })).toBe(false)
  expect(reader.end).toBe('died')
  using back: StreamWriter<typeof u32> = await joinStream(channel.name, u32)
  expect(back.trySend(7)).toBe(true)
  expect(reader.tryReceive()).toBe(7)
})
