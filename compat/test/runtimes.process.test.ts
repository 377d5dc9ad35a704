import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { uniqueName } from '@memlane/testing'
import { exchangeInAllWays } from '@memlane/testing/exchange'
import { Onlooker } from '@memlane/testing/onlooker'
import { Peer } from '@memlane/testing/peer'
import { describe, expect, it } from 'vitest'

/**
 * The programs of the runtimes, from `npm run test:runtimes`: that command fetches Bun and Deno, so `npm test` skips these tests.
 * And a copy of the project that all of them can run (scripts/stage.mjs).
 */
const programs = { node: process.execPath, bun: process.env.MEMLANE_BUN, deno: process.env.MEMLANE_DENO }
const stage = process.env.MEMLANE_STAGE

type Runtime = keyof typeof programs

const options: Record<Runtime, string> = { node: '', bun: '', deno: 'run --allow-all --quiet' }
const pairs = (['node', 'bun', 'deno'] as const).flatMap((one, _, all) => all.map((other) => [one, other] as const))

/** A peer in that runtime, instead of this one. */
function peer(runtime: Runtime, fixture: 'region' | 'stream' | 'call'): Peer {
  const file = join(stage as string, 'testing', 'fixtures', `${fixture}-peer.child.ts`) // there, it is compiled: .mjs
  const script = `program=$1; shift 2; exec "$program" ${options[runtime]} "$@"` // leaves out this process's own Node
  const through = ['sh', '-c', script, 'sh', programs[runtime] as string]
  return new Peer(pathToFileURL(file), { timeoutMs: 60_000, through })
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(20)
}

const streamPeer = (runtime: Runtime) => peer(runtime, 'stream')

describe.runIf(stage !== undefined && programs.bun !== undefined && programs.deno !== undefined)(
  'between two runtimes',
  { timeout: 120_000 },
  () => {
    it.each(pairs)('a stream carries every message, from %s to %s, in all ways of waiting', async (from, to) => {
      const name = uniqueName('stream')
      await using producer = streamPeer(from)
      await using consumer = streamPeer(to)
      expect(await exchangeInAllWays(producer, consumer, name)).toEqual([])
      for (const [{ child }, runtime] of [[producer, from] as const, [consumer, to] as const]) {
        const version = execFileSync(programs[runtime] as string, ['--version'])
        expect(execFileSync(readlinkSync(`/proc/${child.pid}/exe`), ['--version'])).toEqual(version)
      }
    })

    it.each(pairs)(
      'a stream survives kills: a producer of %s and a consumer of %s wait in their event loops',
      async (from, to) => {
        const name = uniqueName('stream')
        await using survivor = streamPeer(to)
        await using killed = streamPeer(to)
        await using producer = streamPeer(from)
        await producer.call('create', name, { waitStrategy: 'park' })
        await producer.call('become', 1)
        for (const consumer of [survivor, killed])
          await consumer.call('open', name, { waitStrategy: 'park', endOn: 'closed' })
        const all = survivor.call('consume', 'receive')
        using onlooker = new Onlooker(name)
        const sending = producer.call('produce', 'send', 5000)
        await onlooker.untilAsleep('producers') // it waits for the killed consumer, which reads nothing
        expect(await killed.kill()).toMatchObject({ signal: 'SIGKILL' })
        expect(await sending).toBe(5000)
        await onlooker.untilAsleep('consumers')
        expect(await producer.kill()).toMatchObject({ signal: 'SIGKILL' })

        await using successor = streamPeer(from)
        expect(await successor.call('join', name)).toMatchObject({ sent: 5000 })
        await successor.call('become', 2)
        await successor.call('produce', 'send', 1000)
        await successor.call('closeWriter')
        expect(await all).toEqual({ end: 'closed', count: 6000, authors: { 1: [0, 4999], 2: [0, 999] } })

        await survivor.call('closeReader')
        await successor.call('create', name, { waitStrategy: 'park' })
        await survivor.call('open', name, { waitStrategy: 'park' })
        const rest = survivor.call('consume', 'receive')
        await successor.call('produce', 'send', 100)
        using lookout = new Onlooker(name)
        await lookout.untilAsleep('consumers')
        await successor.kill()
        expect(await rest).toMatchObject({ end: 'died', count: 100 })
      },
    )

    it.each(pairs)('a region written by %s is read whole by %s, and is taken over after a kill', async (from, to) => {
      const name = uniqueName('region')
      await using reader = peer(to, 'region')
      await using writer = peer(from, 'region')
      const opening = reader.call('open', name)
      expect(await writer.call('create', name)).toBe(true)
      await opening
      const reading = reader.call('readUntil', 100_000)
      expect(await writer.call('update', 100_000)).toBe(100_000)
      expect(await reading).toBe(0)
      expect(await writer.kill()).toMatchObject({ signal: 'SIGKILL' })
      expect(await reader.call('snapshot')).toMatchObject({ a: 100_000, b: 100_000 })
      await using heir = peer(from, 'region')
      expect(await heir.call('create', name)).toBe(false)
      expect(await heir.call('update', 1)).toBe(100_001)
      expect(await reader.call('snapshot')).toMatchObject({ a: 100_001, b: 100_001 })
    })

    it.each(pairs)('calls of %s are answered by %s, in every way of calling', async (from, to) => {
      const name = uniqueName('call')
      await using server = peer(to, 'call')
      await using client = peer(from, 'call')
      const pid = await server.call('serve', name)
      await client.call('connect', name)
      expect(await client.call('quotes', 1000)).toEqual([pid])
      expect(await client.call('callSync', 500)).toBe(2000)
      expect(await client.call('trades', 5000, 1e9, false)).toBe(5000)
      expect(await client.call('trades', 1e9, 500, true)).toBe(500)
      await until(async () => (await server.call('told')).filter((each: string) => each === 'ended 1').length === 2)
    })

    it.each(pairs)('calls of %s to a killed server of %s fail, or go to the next server', async (from, to) => {
      const name = uniqueName('call')
      await using server = peer(to, 'call')
      await using client = peer(from, 'call')
      await server.call('serve', name, { waitStrategy: 'park' }, true)
      await client.call('connect', name, { waitStrategy: 'park' })
      const [lost, idempotent] = [client.call('quote', 1), client.call('again', 2)]
      await until(async () => (await server.call('running')) === 2)
      using onlooker = new Onlooker(name, 'call')
      await onlooker.untilAsleep('producers')
      await onlooker.untilAsleep('consumers')
      expect(await server.kill()).toMatchObject({ signal: 'SIGKILL' })
      await expect(lost).rejects.toMatchObject({ code: 'DIED' })
      await using heir = peer(to, 'call')
      const pid = await heir.call('serve', name)
      expect(await idempotent).toEqual({ id: 2, pid, price: 4 })
      const streamed = client.call('trades', 1e9, 1e9, false)
      await until(async () => (await heir.call('told')).length > 0)
      await heir.kill()
      await expect(streamed).rejects.toMatchObject({ code: 'DIED' })
    })
  },
)
