import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { capabilities } from '@memlane/core'
import { uniqueName } from '@memlane/testing'
import { exchangeInAllWays } from '@memlane/testing/exchange'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { beforeAll, describe, expect, it } from 'vitest'

const VERSIONS = [20, 22, 24, 26]
const WATCHDOG_MS = 60_000
const TOOLS = new URL('../install/tools.mjs', import.meta.url)
const own = Number(process.versions.node.split('.')[0])
const binaries = new Map([[own, process.execPath]])

/** A peer in that version of Node.js, instead of the version of this process. */
function peer(version: number): StreamPeer {
  const through = ['sh', '-c', 'node=$1; shift 2; exec "$node" "$@"', 'sh', binaries.get(version) as string]
  return new StreamPeer({ timeoutMs: WATCHDOG_MS, through })
}

const pairs = VERSIONS.flatMap((one) => VERSIONS.filter((other) => other !== one).map((other) => [one, other] as const))

describe.runIf(capabilities.objectDirectory === '/dev/shm' && process.arch === 'x64')(
  'a stream between two versions of Node.js',
  { timeout: 90_000 },
  () => {
    beforeAll(async () => {
      const { tool } = await import(TOOLS.href) // fetches the others from the npm registry, once
      for (const version of VERSIONS) if (version !== own) binaries.set(version, tool(`node-${version}`, 'bin/node'))
    }, 300_000)

    it.each(pairs)('carries every message, from Node.js %i to %i, and reports every end', async (from, to) => {
      const name = uniqueName('stream')
      await using producer = peer(from)
      await using consumer = peer(to)
      expect(await exchangeInAllWays(producer, consumer, name)).toEqual([])
      for (const [{ child }, version] of [[producer, from] as const, [consumer, to] as const]) {
        const program = readlinkSync(`/proc/${child.pid}/exe`)
        expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toMatch(`v${version}.`)
      }
      await producer.call('create', name, { capacity: 65_536 })
      void producer.call('become', 2)
      await consumer.call('open', name, { waitStrategy: 'park' })
      const all = consumer.call('consume', 'receive')
      expect(await producer.call('produce', 'send', 5000)).toBe(5000)
      await producer.kill()
      expect(await all).toMatchObject({ end: 'died', count: 5000 })
    })
  },
)
