import { createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { openStream } from '../src/index.js'

async function makePair() {
  const writer = createStream(uniqueName('rounds'), u32, { capacity: 65_536 })
  return { writer, reader: await openStream(writer.name, u32) }
}

/** Repeats the step until a timer fires. */
async function untilTimer(step: () => Promise<unknown>): Promise<void> {
  let over = false
  setTimeout(() => {
    over = true
  }, 1)
  for (let steps = 0; !over; steps++) {
    expect(steps).toBeLessThan(500_000)
    await step()
  }
}

it('timers fire while messages never run out', async () => {
  const { writer, reader } = await makePair()
  let sent = 0
  await untilTimer(async () => {
    writer.trySend(sent)
    expect(await reader.receive()).toBe(sent++)
  })
  const batches = reader.batches()
  await untilTimer(async () => {
    writer.trySend(sent)
    expect((await batches.next()).value).toEqual([sent++])
  })
  const web = reader.toReadableStream().getReader()
  await untilTimer(async () => {
    writer.trySend(sent)
    expect((await web.read()).value).toBe(sent++)
  })
  await web.cancel()
  reader.close()
  writer.close()
})

it('timers fire while there is always room', async () => {
  const { writer, reader } = await makePair()
  reader.close() // the latest messages are kept
  await untilTimer(() => writer.send(1))
  await untilTimer(() => writer.sendBatch([1, 2, 3]))
  writer.close()
})
