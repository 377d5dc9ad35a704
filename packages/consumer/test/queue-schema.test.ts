import { createQueue } from '@memlane/producer'
import { array, f64, payload, type Schema, struct, u32, union, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openQueue, type QueueReader } from '../src/index.js'

const Old = struct('Job', { id: u32, steps: array(struct('Step', { cost: f64 }), 2) })
const New = struct('Job', {
  priority: u32,
  steps: array(struct('Step', { name: utf8(4), cost: f64 }), 2),
  note: utf8(8),
  id: u32,
})
const job = (id: number) => ({
  priority: 9,
  steps: [
    { name: 'a', cost: id + 0.5 },
    { name: 'b', cost: id + 0.25 },
  ],
  note: 'whole',
  id,
})
const old = (id: number) => ({ id, steps: [{ cost: id + 0.5 }, { cost: id + 0.25 }] })

async function opened<S extends Schema>(name: string, schema: S): Promise<QueueReader<S>> {
  const reader = await openQueue(name, schema)
  onTestFinished(() => reader.close({ timeoutMs: 0 }).then(() => {}))
  return reader
}

describe('a consumer whose schema has fewer fields than the queue', () => {
  it('gets its own fields, as a copy, as a view, and in place', async () => {
    using writer = createQueue(uniqueName('queue'), New)
    const reader = await opened(writer.name, Old)
    await writer.sendBatch([job(1), job(2)])
    const first = await reader.take()
    expect(first?.value).toEqual(old(1))
    expect(first && [Object.keys(first.view), first.view.id, first.view.steps.get(1).cost]).toEqual([
      ['id', 'steps'],
      1,
      1.25,
    ])
    first?.ack()
    const seen: unknown[] = []
    while (seen.length === 0) reader.poll((message) => void seen.push(message.id, message.steps.get(0).cost))
    expect(seen).toEqual([2, 2.5])
    await writer.flush()
  })

  it('sends a dead letter back with all of its fields', async () => {
    using writer = createQueue(uniqueName('queue'), New)
    const reader = await opened(writer.name, Old)
    await writer.send(job(3))
    ;(await reader.take())?.reject('not for this version')
    for (const letter of reader.deadLetters()) {
      expect(letter.value).toEqual(old(3))
      letter.resend()
    }
    await reader.close()
    const renewed = await opened(writer.name, New)
    const again = await renewed.take()
    expect(again?.value).toEqual(job(3))
    again?.ack()
    await writer.flush()
  })

  it('is refused if it could not read each job', async () => {
    using writer = createQueue(uniqueName('queue'), union({ job: New, note: payload.utf8 }))
    await expect(openQueue(writer.name, union({ job: Old }))).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('another schema: field note is missing in this process.'),
    })
  })
})
