import { createStream } from '@memlane/producer'
import { payload } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { openStream } from '../src/index.js'

async function makePair() {
  const writer = createStream(uniqueName('readable'), payload.json<unknown>(), { capacity: 65_536 })
  return { writer, reader: await openStream(writer.name, payload.json<unknown>()) }
}

it('a Node stream does not take a message that is null for the end', async () => {
  const { writer, reader } = await makePair()
  for (const value of [1, null, 2]) writer.trySend(value)
  const seen: unknown[] = []
  const reading = (async () => {
    for await (const message of reader.toReadable()) seen.push(message)
  })()
  await expect(reading).rejects.toThrow(/null/)
  expect(reader.tryReceive()).toBe(2)
  reader.close()
  writer.close()
})

it('a web stream carries null', async () => {
  const { writer, reader } = await makePair()
  for (const value of [1, null, 2]) writer.trySend(value)
  writer.close()
  const seen: unknown[] = []
  for await (const message of reader.toReadableStream()) seen.push(message)
  expect(seen).toEqual([1, null, 2])
  reader.close()
})
