import { createStream } from '@memlane/producer'
import { payload } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const CAPACITY = 65_536
/** As a record's first word: a message that is longer than any, and yet does not reach beyond the lane. */
const LOOKS_LIKE_A_RECORD = 40_000 * 8 + 1

it('takes payloads that overwrote a record for no record, whatever they look like', async () => {
  using writer = createStream(uniqueName('overtaken'), payload.bytes, { capacity: CAPACITY, overflow: 'overwrite' })
  using reader = await openStream(writer.name, payload.bytes, { from: 'oldest' })
  const words = new Uint8Array(new Uint32Array(900).fill(LOOKS_LIKE_A_RECORD).buffer)
  let received = 0
  let sent = 0
  for (let round = 0; round < 300; round++) {
    for (let more = 0; more < 50; more++, sent++) writer.trySend(words.subarray(0, 4 * (1 + (sent % 900))))
    const message = reader.tryReceive()
    expect(message).toEqual(words.subarray(0, message?.length))
    received++
  }
  while (reader.tryReceive() !== undefined) received++
  expect(received + reader.lost).toBeLessThanOrEqual(sent)
  expect(reader.lost).toBeGreaterThan(0)
})
