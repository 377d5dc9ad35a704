import { createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const CAPACITY = 65_536

async function makePair(options: Parameters<typeof openStream>[2] = {}) {
  const writer = createStream(uniqueName('closing'), u32, { capacity: CAPACITY, withoutConsumers: 'wait' })
  return { writer, reader: await openStream(writer.name, u32, options) }
}

it('a sleeping wait rejects with an error that says whether the consumer or the producer was closed', async () => {
  const { writer, reader } = await makePair({ waitStrategy: 'park' })
  const receiving = reader.receive()
  setTimeout(() => reader.close(), 20)
  await expect(receiving).rejects.toThrow(`Stream "${writer.name}": this consumer is closed.`)
  while (writer.trySend(0));
  const sending = writer.send(0)
  setTimeout(() => writer.close(), 20)
  await expect(sending).rejects.toThrow(`Stream "${writer.name}": this producer is closed.`)
})

it('a consumer may be closed in the handler of poll, even after the handler has read other lanes to their end', async () => {
  const { writer: first, reader } = await makePair()
  const second = createStream(first.name, u32, { existing: 'join' })
  first.trySend(1)
  second.trySend(2)
  second.trySend(3)
  first.close()
  second.close()
  const seen: number[] = []
  const handled = reader.poll((message) => {
    seen.push((message as unknown as { value: number }).value)
    for (let more = reader.tryReceive(); more !== undefined; more = reader.tryReceive()) seen.push(more)
    reader.close()
  })
  expect(handled).toBe(1)
  expect(seen.sort()).toEqual([1, 2, 3])
  expect(reader.closed).toBe(true)
})
