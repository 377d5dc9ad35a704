import { setTimeout } from 'node:timers/promises'
import { capabilities } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { spawnEcho } from '@memlane/testing/spawn-echo'
import { expect, it } from 'vitest'

const ROUNDS = 4000

// A process without barriers publishes with a fence. The other side does not need to know that.
it.each([
  ['both sides', undefined, undefined],
  ['one side alone', undefined, 'off'],
  ['neither side', 'off', 'off'],
])('a message wakes a sleeping consumer, with memory barriers on %s', async (_, first, second) => {
  using there = createStream(uniqueName('stream'), u32)
  using back = createStream(uniqueName('stream'), u32)
  const echo = (receives: string, sends: string, role: 'first' | 'second', setting: string | undefined) =>
    spawnEcho({ receives, sends, rounds: ROUNDS, role }, { env: { MEMLANE_MEMBARRIER: setting } })
  using answering = echo(there.name, back.name, 'second', second)
  await answering.line('joined')
  using asking = echo(back.name, there.name, 'first', first)
  const orderly = { code: 0, signal: null, stderr: '', stdout: `joined\n${ROUNDS} rounds\n` }
  expect(await asking.exit).toEqual(orderly)
  expect(await answering.exit).toEqual(orderly)
})

it.each([
  ['receive', undefined],
  ['receive', 'off'],
  ['receiveSync', undefined],
  ['receiveSync', 'off'],
])('a sleeping consumer checks again once, and not at intervals: %s, MEMLANE_MEMBARRIER %s', async (way, setting) => {
  using writer = createStream(uniqueName('stream'), u32)
  using sleeper = spawnFixture(new URL('../fixtures/stream-sleeper.child.ts', import.meta.url), [writer.name, way], {
    env: { MEMLANE_MEMBARRIER: setting },
  })
  const lines = capabilities.reachesOthersByBarrier ? ['sleep 1', 'sleep 2'] : ['sleep 1']
  for (const line of lines) await sleeper.line(line)
  await setTimeout(50)
  writer.trySend(7)
  const stdout = [...lines, 'received 7', ''].join('\n')
  expect(await sleeper.exit).toEqual({ code: 0, signal: null, stderr: '', stdout })
})
