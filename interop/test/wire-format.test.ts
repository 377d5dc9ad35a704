import { readFileSync } from 'node:fs'
import { api, call, payload } from '@memlane/protocol'
import {
  CallWriter,
  CellWriter,
  CHANNEL_HEADER_LENGTH,
  CLIENT_PID,
  ConsumerSlot,
  callShape,
  DONE,
  encodeDescriptor,
  joinConsumers,
  keyPlacesOf,
  LaneReader,
  latestShape,
  newChannelHeader,
  ProducerPlace,
  ProducerSlot,
  QueueTaker,
  queueShape,
  SlotWriter,
  StreamControl,
  streamShape,
  writeChannelHeader,
} from '@memlane/protocol/internal'
import { expect, test } from 'vitest'
import { file } from '../src/programs.js'

const instance = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index)
const pageOf = (shape: string) => readFileSync(file(`../docs/wire-format-${shape}.md`), 'utf8')
const exampleOn = (page: string) => /## \d+\. Example\n[\s\S]*?```\n([\s\S]*?)```/.exec(page)?.[1]

/** Lines of 16 bytes with their offset and their text; without those that are all zeros. */
function dump(buffer: ArrayBuffer): string {
  const lines: string[] = []
  for (let offset = 0; offset < buffer.byteLength; offset += 16) {
    const line = [...new Uint8Array(buffer, offset, 16)]
    if (line.every((byte) => byte === 0)) continue
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${String(offset).padStart(5)}  ${hex}  ${text}\n`)
  }
  return lines.join('')
}

test('the code writes the bytes of the example of a stream', () => {
  const schema = encodeDescriptor(payload.utf8.descriptor)
  const dimensions = { capacity: 65_536, maxProducers: 1, maxConsumers: 1 }
  const fields = { ...dimensions, overflow: 'wait', withoutConsumers: 'keep-latest' } as const
  const header = newChannelHeader(streamShape, fields, schema, instance)
  const memory = new ArrayBuffer(header.length)
  writeChannelHeader(memory, streamShape, header, schema)
  const lane = new ArrayBuffer(header.capacity) // its own memory, as a view of the whole would be
  const control = new StreamControl(memory, header)
  const producer = new ProducerSlot(control, 0, lane)
  const consumer = new ConsumerSlot(control, 0)
  consumer.join()
  consumer.announceReady()
  for (const text of ['hello', 'wire format']) {
    const offset = producer.lane.claim(payload.utf8.measure(text))
    payload.utf8.encode(producer.lane.data, offset, text)
    producer.lane.commit()
  }
  const reader = new LaneReader(lane, 0, header.capacity)
  reader.next()
  consumer.release(0, reader.position)
  new Uint8Array(memory).set(new Uint8Array(lane), header.controlLength)

  const page = pageOf('stream')
  expect(exampleOn(page)).toBe(dump(memory))
  expect(page).toContain(`channel header, ${CHANNEL_HEADER_LENGTH} bytes`)
})

test('the code writes the bytes of the example of a latest', () => {
  const schema = encodeDescriptor(payload.utf8.descriptor)
  const { keys, cellsLength } = keyPlacesOf([payload.utf8.descriptor], 20)
  const fields = { keyCount: 1, maxReaders: 1, maxMessageLength: 20, cellsLength }
  const header = newChannelHeader(latestShape, fields, schema, instance)
  const memory = new ArrayBuffer(header.length)
  writeChannelHeader(memory, latestShape, header, schema)
  latestShape.controlOf(memory, header, false).announceOpen()
  const cells = new ArrayBuffer(cellsLength) // its own memory, as a view of the whole would be
  const writer = new CellWriter(cells, keys[0] as (typeof keys)[0])
  for (const [index, text] of ['hello', 'world'].entries()) {
    const length = payload.utf8.measure(text)
    payload.utf8.encode(writer.data, writer.nextOffset, text)
    writer.publish(length, 1000 * (index + 1))
  }
  new Uint8Array(memory).set(new Uint8Array(cells), header.controlLength)

  expect(exampleOn(pageOf('latest'))).toBe(dump(memory))
})

test('the code writes the bytes of the example of a queue', () => {
  const schema = encodeDescriptor(payload.utf8.descriptor)
  const dimensions = { capacity: 2, maxMessageLength: 20, maxProducers: 1, maxConsumers: 1 }
  const fields = { ...dimensions, maxProcessingMs: 0, maxDeliveries: 5, maxDeadLetters: 0 }
  const header = newChannelHeader(queueShape, fields, schema, instance)
  const memory = new ArrayBuffer(header.length)
  writeChannelHeader(memory, queueShape, header, schema)
  const control = queueShape.controlOf(memory, header, false)
  joinConsumers(control, 0)
  new ProducerPlace(control, 0)
  const writer = new SlotWriter(control, 0, () => 1000, '')
  for (const text of ['hello', 'world']) {
    const offset = writer.claim(payload.utf8.measure(text))
    payload.utf8.encode(writer.data, offset, text)
    writer.commit()
  }
  new QueueTaker(control, 0, 4711, () => 2000).take()

  expect(exampleOn(pageOf('queue'))).toBe(dump(memory))
})

test('the code writes the bytes of the example of calls', () => {
  const { descriptor } = api('Echo', { say: call(payload.utf8, payload.utf8) })
  const schema = encodeDescriptor(descriptor)
  const fields = { capacity: 2, maxRequestLength: 16, maxAnswerLength: 224, maxClients: 1, maxServers: 1 }
  const header = newChannelHeader(callShape, fields, schema, instance)
  const memory = new ArrayBuffer(header.length)
  writeChannelHeader(memory, callShape, header, schema)
  const control = callShape.controlOf(memory, header, false)
  joinConsumers(control, 0)
  new ProducerPlace(control, 0)
  control.words[control.producers.slotIndex(0) + CLIENT_PID] = 4711
  const put = (offset: number, text: string) => {
    const length = payload.utf8.measure(text)
    payload.utf8.encode(control.data, offset, text)
    return length
  }
  const writer = new CallWriter(control, 0)
  const slot = writer.claim()
  writer.publish(slot, 0, put(control.requestOf(writer.indexOf(slot)), 'hello'), 1000.5)
  const taker = new QueueTaker(control, 0, 4712, () => Infinity)
  const index = taker.take()
  control.answer(index, taker.taken, DONE, put(control.answerOf(index), 'hello!'))
  control.announceDone(index)

  expect(exampleOn(pageOf('call'))).toBe(dump(memory))
})
