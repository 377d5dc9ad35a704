import { Channel, claimSlot, createStreamChannel, openLane } from '@memlane/channel'
import { joinStream, type StreamWriter } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { codecOf, ProducerSlot, streamShape } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { StreamReader } from '../src/index.js'

const codec = codecOf(u32)

it('a stream does not end if a new producer joins just before the last other producer dies', async () => {
  const channel = createStreamChannel(uniqueName('handover'), codec, { capacity: 65_536 })
  const old = Channel.open(streamShape, channel.name, codec)
  const { slot } = claimSlot(old, old.control.producers, { only: 1 })
  new ProducerSlot(old.control, slot, openLane(old, slot, 'readwrite').buffer)
  using reader = new StreamReader<typeof u32>(channel, codec)
  expect(reader.readySync({ timeoutMs: 0 })).toBe(false)

  const next = await Channel.waitFor(streamShape, channel.name, codec)
  const { control } = channel
  const stateOf = control.stateOf.bind(control)
  const scanned: number[] = []
  control.stateOf = (producer) => {
    scanned.push(producer)
    if (producer === 1 && scanned.at(-2) === 0 && !old.closed) {
      const { slot } = claimSlot(next, next.control.producers, { only: 0 })
      new ProducerSlot(next.control, slot, openLane(next, slot, 'readwrite').buffer)
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
