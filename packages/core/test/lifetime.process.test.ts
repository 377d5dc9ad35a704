import { existsSync } from 'node:fs'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { describe, expect, it } from 'vitest'
import { capabilities, SharedMemory } from '../src/index.js'
import { resolveName } from '../src/name.js'

const RACING_ROUNDS = 10_000

/** Nothing is left in the system. Looks for the file first, because `list` and `open` remove orphans. */
function expectRemoved(name: string) {
  expect(existsSync(capabilities.objectPath(resolveName(name)) ?? '')).toBe(false)
  expectGone(name)
}

/** Looks again if memory is listed: another process may be about to remove it. */
function isListed(name: string): boolean {
  for (let looks = 0; looks < 100; looks++) {
    if (SharedMemory.list().every((entry) => entry.name !== name)) return false
  }
  return true
}

/** The memory counts as gone, after a crash. */
function expectGone(name: string) {
  expect(isListed(name)).toBe(false)
  expect(() => SharedMemory.open(name)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
}

describe('memory shared by processes', () => {
  it('carries bytes in both directions', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 256)
    await using peer = new MemoryPeer()
    const index = await peer.call('open', name)
    memory.bytes[10] = 77
    expect(await peer.call('get', index, 10)).toBe(77)
    await peer.call('set', index, 11, 78)
    expect(memory.bytes[11]).toBe(78)
  })

  it('adds up the atomic additions of two processes without losing one', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    await using first = new MemoryPeer()
    await using second = new MemoryPeer()
    const peers = [first, second]
    await Promise.all(peers.map((peer) => peer.call('open', name)))
    await Promise.all(peers.map((peer) => peer.call('add', 0, 500_000)))
    expect(new Int32Array(memory.buffer)[0]).toBe(1_000_000)
  })

  it('outlives the handle of its creator, and is removed with the last handle', async () => {
    const name = uniqueName('memlane')
    await using creator = new MemoryPeer()
    await creator.call('create', name, 64)
    await creator.call('set', 0, 5, 55)
    const other = SharedMemory.open(name)
    await creator.call('close', 0)
    expect(other.bytes[5]).toBe(55)
    await using late = new MemoryPeer()
    await late.call('open', name)
    expect(await late.call('get', 0, 5)).toBe(55)
    other.close()
    expect(SharedMemory.list().some((entry) => entry.name === name)).toBe(true)
    await late.call('close', 0)
    expectRemoved(name)
  })

  it('outlives a creator that is killed, with the bytes that it wrote', async () => {
    const name = uniqueName('memlane')
    await using creator = new MemoryPeer()
    await creator.call('create', name, 64)
    await creator.call('set', 0, 5, 55)
    using other = SharedMemory.open(name)
    await creator.kill()
    expect(other.bytes[5]).toBe(55)
    using again = SharedMemory.open(name)
    expect(again.bytes[5]).toBe(55)
  })

  it('is gone once all its holders were killed, and its name can be created again at once', async () => {
    const name = uniqueName('memlane')
    for (const after of ['open', 'create', 'createOrOpen', 'list'] as const) {
      await using creator = new MemoryPeer()
      await using other = new MemoryPeer()
      await creator.call('create', name, 64)
      await creator.call('set', 0, 0, 1)
      await other.call('open', name)
      await creator.kill()
      await other.kill()
      if (after === 'list') expect(isListed(name)).toBe(false)
      if (after === 'open') expectGone(name)
      if (after === 'createOrOpen') {
        using memory = SharedMemory.createOrOpen(name, 64)
        expect([memory.created, memory.bytes[0]]).toEqual([true, 0])
      }
      using memory = SharedMemory.create(name, 128)
      expect([memory.created, memory.bytes[0]]).toEqual([true, 0])
    }
    expectGone(name)
  })

  for (const end of ['exit', 'throw'] as const) {
    it(`is removed with a process that ends by ${end === 'exit' ? 'process.exit()' : 'an uncaught exception'}`, async () => {
      const name = uniqueName('memlane')
      await using peer = new MemoryPeer()
      await peer.call('create', name, 64)
      const { code, signal, stderr } = await peer.last(end)
      expect([code, signal]).toEqual(end === 'exit' ? [0, null] : [1, null])
      if (end === 'throw') expect(stderr).toContain('on purpose')
      expectRemoved(name)
    })
  }

  it(`is neither orphaned nor unlinked while in use if two processes race for it ${RACING_ROUNDS} times`, async () => {
    const name = uniqueName('memlane')
    const racers = ['0', '1'].map((slot) =>
      spawnFixture(new URL('../fixtures/racer.child.ts', import.meta.url), [name, String(RACING_ROUNDS), slot], {
        timeoutMs: 120_000,
      }),
    )
    for (const racer of racers) {
      const { code, signal, stdout, stderr } = await racer.exit
      expect([code, signal, stderr]).toEqual([0, null, ''])
      expect(JSON.parse(stdout).rounds).toBe(RACING_ROUNDS)
    }
    expectRemoved(name)
  }, 150_000)

  it('survives a racing process that is killed again and again', async () => {
    const name = uniqueName('memlane')
    const fixture = new URL('../fixtures/racer.child.ts', import.meta.url)
    const steady = spawnFixture(fixture, [name, '20000', '0'], { timeoutMs: 120_000 })
    let ended = false
    const end = steady.exit.finally(() => {
      ended = true
    })
    let kills = 0
    for (; !ended; kills++) {
      const racer = spawnFixture(fixture, [name, '1000000', '1'])
      await new Promise((resolve) => setTimeout(resolve, 500 + kills * 7))
      racer.kill('SIGKILL')
      await racer.exit
    }
    const { code, signal, stderr } = await end
    expect([code, signal, stderr]).toEqual([0, null, ''])
    expect(kills).toBeGreaterThan(0)
    expectGone(name) // not removed: the last racer may have been the last holder at its death
    SharedMemory.create(name, 4096).close()
    expectRemoved(name)
  }, 150_000)

  it('is complete when a waiting process finds it', async () => {
    const name = uniqueName('memlane')
    await using peer = new MemoryPeer()
    const appeared = peer.call('waitFor', name)
    await new Promise((resolve) => setTimeout(resolve, 300))
    using memory = SharedMemory.create(name, 64, { initialize: (buffer) => new Uint8Array(buffer).fill(3) })
    const index = await appeared
    expect(await peer.call('get', index, 0)).toBe(memory.bytes[0])
  })
})
