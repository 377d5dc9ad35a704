import { createStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { type Child, spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const fixture = (name: string, ...args: string[]): Child =>
  spawnFixture(new URL(`../fixtures/stream-${name}.child.ts`, import.meta.url), args, { timeoutMs: 60_000 })

const orderly = (stdout: unknown) => expect.objectContaining({ code: 0, signal: null, stderr: '', stdout })

describe('worker threads', () => {
  it.each(['adaptive', 'park', 'spin'])('send and receive blocking, %s', async (wait) => {
    const count = wait === 'spin' ? 2000 : 20_000
    using child = fixture('threads', uniqueName('stream'), wait, String(count))
    const exit = await child.exit
    expect(exit).toEqual(orderly(expect.any(String)))
    const got = { next: [count, count], end: 'closed' }
    expect(JSON.parse(exit.stdout)).toEqual([got, got])
  })
})

describe('a process that waits', () => {
  it.each(['adaptive', 'park', 'spin'])('for a message ends after unref, %s', async (wait) => {
    using writer = createStream(uniqueName('stream'), u32)
    for (const when of ['before', 'during']) {
      using child = fixture('waiter', writer.name, 'receive', when, wait)
      expect(await child.exit).toEqual(orderly('waiting\n'))
    }
  })

  it.each(['adaptive', 'park', 'spin'])('for a message after unref still receives it, %s', async (wait) => {
    using writer = createStream(uniqueName('stream'), u32)
    using child = fixture('unreferenced', writer.name, wait)
    let stdout = ''
    for (const message of [0, 1, 2]) {
      await child.line(`waiting for ${message}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
      writer.trySend(message)
      await child.line(`received ${message}`)
      stdout += `waiting for ${message}\nreceived ${message}\n`
    }
    expect(await child.exit).toEqual(orderly(`${stdout}CLOSED\n`)) // no line "late": each message came within a second
  })

  it.each(['adaptive', 'park', 'spin'])('for a message keeps running without unref, or after ref, %s', async (wait) => {
    using writer = createStream(uniqueName('stream'), u32)
    for (const when of ['never', 'back']) {
      using child = fixture('waiter', writer.name, 'receive', when, wait)
      await child.line('waiting')
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(writer.trySend(7)).toBe(true)
      expect(await child.exit).toEqual(orderly('waiting\nreceived 7\n'))
    }
  })

  it.each(['adaptive', 'park'])('for room ends after unref, and keeps running without it, %s', async (wait) => {
    using keeper = createStream(uniqueName('stream'), u32, { capacity: 65_536 })
    using reader = await openStream(keeper.name, u32)
    for (const when of ['before', 'during']) {
      using child = fixture('waiter', keeper.name, 'send', when, wait)
      expect(await child.exit).toEqual(orderly('waiting\n'))
      while (reader.poll(() => {}) > 0);
    }
    using child = fixture('waiter', keeper.name, 'send', 'never', wait)
    await child.line('waiting')
    await new Promise((resolve) => setTimeout(resolve, 100))
    let last = 0
    while (last !== 2) {
      reader.poll((message) => {
        last = message.value
      })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(await child.exit).toEqual(orderly('waiting\nsent\n'))
  })
})

it('consumers that join while a producer runs at full speed get every message from then on, once', async () => {
  const Numbered = struct('Numbered', { number: u32, again: u32 })
  const name = uniqueName('stream')
  using child = fixture('sprinter', name)
  await child.line('running')
  const checked = async (from: 'now' | 'oldest', count: number) => {
    using reader = await openStream(name, Numbered, { from })
    let next: number | undefined
    const handle = ({ number, again }: { number: number; again: number }) => {
      if (number !== again || (next !== undefined && number !== next))
        expect.unreachable(`${number} in place of ${next}`)
      next = number + 1
    }
    for (let left = count; left > 0; ) {
      left -= reader.poll(handle, left)
      await reader.ready()
    }
    expect(reader.missed).toBe(0)
    return next
  }
  for (let round = 0; round < 30; round++) {
    const froms = ['now', 'oldest', round % 2 ? 'now' : 'oldest'] as const
    await Promise.all(froms.map((from, i) => checked(from, 1 + ((round * 977 + i * 331) % 8000))))
  }
  using last = await openStream(name, Numbered)
  child.end()
  let end: number | undefined
  for await (const { number } of last) {
    if (end !== undefined && number !== end + 1) expect.unreachable(`${number} behind ${end}`)
    end = number
  }
  expect(last.end).toBe('closed')
  const exit = await child.exit
  expect(exit.code).toBe(0)
  if (end !== undefined) expect(exit.stdout).toContain(`sent ${end + 1}\n`)
})
