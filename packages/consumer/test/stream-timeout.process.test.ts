import { setTimeout } from 'node:timers/promises'
import { createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const timedOut = (message: RegExp) =>
  expect.objectContaining({ code: 'TIMED_OUT', message: expect.stringMatching(message) })

describe('a timeout of send or flush', () => {
  it('names the consumers that are behind: process, lag, and since when', async () => {
    using writer = createStream(uniqueName('timeout'), Numbered, { capacity: 65_536 })
    await using slow = new StreamPeer()
    await slow.call('open', writer.name)
    using fast = await openStream(writer.name, Numbered)
    let sent = 0
    while (writer.trySend(numbered(process.pid, sent, 0, sent))) sent++
    fast.poll(() => {}, Infinity)
    const message = numbered(process.pid, sent, 0, sent)
    const pid = slow.child.pid
    const behind = `process ${pid} \\(consumer slot 0\\) is ${sent} messages behind and has taken none for \\d+ ms\\.`
    await expect(writer.send(message, { timeoutMs: 20 })).rejects.toThrow(
      timedOut(new RegExp(`^Stream "${writer.name}": there was no room within 20 ms: ${behind} .*larger capacity`)),
    )
    await expect(writer.sendBatch([message], { timeoutMs: 20 })).rejects.toThrow(timedOut(new RegExp(behind)))
    const error = await writer.flush({ timeoutMs: 0 }).catch((error) => error)
    expect(error).toEqual(timedOut(new RegExp(`not all messages were taken within 0 ms: ${behind}`)))
    expect(Number(/taken none for (\d+) ms/.exec(error.message)?.[1])).toBeGreaterThanOrEqual(19) // from the producer's first look on, during the first send
  })

  it('counts the time from the last message taken, and names the slowest first', async () => {
    using writer = createStream(uniqueName('timeout'), u32, { capacity: 65_536 })
    using slow = await openStream(writer.name, u32)
    using slower = await openStream(writer.name, u32)
    while (writer.trySend(1));
    await expect(writer.flush({ timeoutMs: 30 })).rejects.toThrow(timedOut(/this process/))
    await setTimeout(30)
    const all = slow.lag()
    slow.poll(() => {}, all / 2)
    const error = await writer.flush({ timeoutMs: 10 }).catch((error) => error)
    const [first, second] = error.message.split(' ms: ')[1].split('; ')
    expect(first).toMatch(/^this process \(consumer slot 1\) is \d+ messages behind and has taken none for \d+ ms$/)
    expect(second).toMatch(/^this process \(consumer slot 0\) is \d+ messages behind and has taken none for \d+ ms\./)
    const idle = (text: string) => Number(/for (\d+) ms/.exec(text)?.[1])
    expect(idle(first)).toBeGreaterThanOrEqual(29) // it counts from when the producer first looked, during the first flush
    expect(idle(second)).toBeLessThan(idle(first))
    expect(slower.lag()).toBe(all)
  })

  it('says if there is no consumer', async () => {
    using writer = createStream(uniqueName('timeout'), u32, { capacity: 65_536, withoutConsumers: 'wait' })
    while (writer.trySend(1));
    await expect(writer.send(1, { timeoutMs: 5 })).rejects.toThrow(timedOut(/within 5 ms: it has no consumer\./))
  })
})
