import { openQueue, openStream } from '@memlane/consumer'
import { capabilities } from '@memlane/core'
import { createLatest, createQueue, createStream } from '@memlane/producer'
import { struct, u32, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { DeadLetterAction, MessageRow } from '../src/events.js'
import { serveDashboard } from '../src/index.js'
import { Looker } from '../src/looker.js'
import { EventReader } from './event-reader.js'
import { send } from './requests.js'

const Tick = struct('Tick', { n: u32, text: utf8(24) })

async function serve() {
  const dashboard = await serveDashboard({ intervalMs: 20 })
  onTestFinished(() => dashboard.close())
  return dashboard
}

function read(url: string, path: string): EventReader {
  const reader = new EventReader(url, path)
  onTestFinished(() => reader.close())
  return reader
}

/** Node.js under Wine can listen, and cannot connect. */
const canConnect = capabilities.namespace !== 'windows'

describe.runIf(canConnect)('the events of a dashboard', () => {
  it('show all memory with its participants, and the rate from the second look on', async () => {
    const name = uniqueName('ui')
    using stream = createStream(name, Tick)
    using _consumer = await openStream(name, Tick)
    const events = read((await serve()).url, 'events')
    const mine = (memories: readonly { name: string }[]) => memories.find((each) => each.name === name)
    const { memories } = await events.next('overview')
    expect(mine(memories)).toMatchObject({
      shape: 'stream',
      schema: 'Tick',
      producers: [{ role: 'producer', slot: 0, pid: process.pid, state: 'alive' }],
    })
    for (let n = 0; n < 500; n++) stream.trySend({ n, text: 'a' })
    const later = await events.next(
      'overview',
      (event) => (mine(event.memories) as { perSecond?: number }).perSecond !== 0,
    )
    expect(mine(later.memories)).toMatchObject({ perSecond: expect.any(Number), bytesPerSecond: expect.any(Number) })
  })

  it('show the chosen channel: its details and the messages that come, of many only the first', async () => {
    const name = uniqueName('ui <b>&')
    using stream = createStream(name, Tick)
    const events = read((await serve()).url, `events?name=${encodeURIComponent(name)}`)
    const { inspection } = await events.next('memory')
    expect(inspection).toMatchObject({ name, shape: 'stream', schema: { name: 'Tick' } })
    for (let n = 0; n < 2000; n++) stream.trySend({ n, text: '</script>' })
    const { messages, skipped, missed } = await events.next('messages')
    expect(messages.length + skipped + missed).toBe(2000)
    expect(messages.length).toBe(20)
    const text = "{ n: 3, text: '</script>' }"
    expect(messages[3]).toEqual({ kind: 'message', producer: 0, sequence: 3, text } satisfies Omit<MessageRow, 'about'>)
    stream.close()
    expect(await events.next('memory', (event) => event.inspection === undefined)).toEqual({ deadLetters: [] })
    using _again = createLatest(name, Tick)
    expect((await events.next('memory', (event) => event.inspection !== undefined)).inspection?.shape).toBe('latest')
  })

  it('send dead letters back and drop them, each once', async () => {
    const name = uniqueName('ui')
    using writer = createQueue(name, Tick)
    const reader = await openQueue(name, Tick)
    for (let n = 0; n < 3; n++) writer.trySend({ n, text: 'x' })
    for (let n = 0; n < 3; n++) reader.tryTake()?.reject(`wrong ${n}`)
    const { url } = await serve()
    const events = read(url, `events?name=${name}`)
    const { deadLetters } = await events.next('memory')
    expect(deadLetters.map(({ reason, text }) => [reason, text])).toEqual(
      [0, 1, 2].map((n) => [`wrong ${n}`, `{ n: ${n}, text: 'x' }`]),
    )
    const [first, second] = deadLetters.map(({ producer, slot, generation }) => ({ producer, slot, generation }))
    const post = async (action: Omit<DeadLetterAction, 'name'>) => {
      const { origin, pathname } = new URL(url)
      const headers = { origin, 'content-type': 'application/json' }
      const answer = await send(url, `${pathname}dead-letter`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ name, ...action }),
      })
      return JSON.parse(answer.body)
    }
    expect(await post({ act: 'resend', letter: first as never })).toEqual({ done: true })
    expect(await post({ act: 'resend', letter: first as never })).toEqual({ done: false })
    expect(await post({ act: 'discard', letter: second as never })).toEqual({ done: true })
    await events.next('memory', (event) => event.deadLetters.length === 1)
    expect(reader.tryTake()?.value.n).toBe(0)
    expect(await post({ act: 'discard', letter: { producer: 60, slot: 0, generation: 0 } })).toMatchObject({
      done: false,
      message: expect.any(String),
    })
    await reader.close({ timeoutMs: 0 })
  })

  it('end with the dashboard, and are limited to some pages', async () => {
    const dashboard = await serve()
    const pages = Array.from({ length: 16 }, () => read(dashboard.url, 'events'))
    for (const page of pages) await page.next('overview')
    await expect(read(dashboard.url, 'events').next('overview')).rejects.toThrow('503')
    await dashboard.close()
    for (const page of pages) await page.end().catch(() => {})
    await dashboard.close()
  })

  it('come from looks that stop when no page is open', async () => {
    const looker = new Looker(1, false)
    let looks = 0
    const listener = {
      looked: () => looks++,
      failed: (error: unknown) => {
        throw error
      },
    }
    const wait = () => new Promise((resolve) => setTimeout(resolve, 100))
    looker.add(listener)
    await wait()
    looker.delete(listener)
    const before = looks
    expect(before).toBeGreaterThan(0)
    await wait()
    expect(looks).toBe(before)
  })
})
