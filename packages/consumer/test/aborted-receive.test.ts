import { createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { openStream } from '../src/index.js'

it('an aborted signal ends receiving, though messages never run out', async () => {
  using writer = createStream(uniqueName('aborted'), u32, { capacity: 65_536 })
  using reader = await openStream(writer.name, u32)
  const controller = new AbortController()
  let received = 0
  const receiveAll = async () => {
    for (;;) {
      writer.trySend(received)
      expect(await reader.receive({ signal: controller.signal })).toBe(received)
      if (++received === 10) controller.abort('enough')
    }
  }
  await expect(receiveAll()).rejects.toBe('enough')
  expect(received).toBe(10)
  expect(reader.tryReceive()).toBe(10)
})
