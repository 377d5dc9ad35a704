import { readFileSync } from 'node:fs'
import { payload } from '@memlane/protocol'
import {
  CellWriter,
  CHANNEL_HEADER_LENGTH,
  ConsumerSlot,
  encodeDescriptor,
  keyPlacesOf,
  LaneReader,
  latestShape,
  newChannelHeader,
  ProducerSlot,
  StreamControl,
  streamShape,
  writeChannelHeader,
} from '@memlane/protocol/internal'
import { expect, test } from 'vitest'
import { file } from '../src/programs.js'

const page = readFileSync(file('../docs/wire-format.md'), 'utf8')

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

test('the code writes the bytes of the example in the wire format', () => {
  const schema = encodeDescriptor(payload.utf8.descriptor)
  const dimensions = { capacity: 65_536, maxProducers: 1, maxConsumers: 1 }
  const fields = { ...dimensions, overflow: 'wait', withoutConsumers: 'keep-latest' } as const
  const instance = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index)
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

  const [, shown] = /## 14\. Example\n[\s\S]*?```\n([\s\S]*?)```/.exec(page) ?? []
  expect(shown).toBe(dump(memory))
  expect(page).toContain(`channel header, ${CHANNEL_HEADER_LENGTH} bytes`)
})

test('the code writes the bytes of the example of a latest', () => {
  const schema = encodeDescriptor(payload.utf8.descriptor)
  const { keys, cellsLength } = keyPlacesOf([payload.utf8.descriptor], 20)
  const fields = { keyCount: 1, maxReaders: 1, maxMessageLength: 20, cellsLength }
  const instance = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index)
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

  const [, shown] = /### Example of a latest\n[\s\S]*?```\n([\s\S]*?)```/.exec(page) ?? []
  expect(shown).toBe(dump(memory))
})
