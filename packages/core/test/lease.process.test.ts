import { setTimeout } from 'node:timers/promises'
import { uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { describe, expect, it } from 'vitest'

import { capabilities, Doorbell, Lease, SharedMemory } from '../src/index.js'

describe('a lease', () => {
  it('is given to one handle at a time, and may be taken again when it is released', () => {
    const name = uniqueName('memlane')
    using first = SharedMemory.create(name, 64)
    using second = SharedMemory.open(name)
    const lease = Lease.claim(first, 5)
    expect(lease?.slot).toBe(5)
    for (const memory of [first, second]) {
      expect(Lease.claim(memory, 5)).toBeUndefined()
      expect(Lease.isHeld(memory, 5)).toBe(true)
      expect(Lease.isHeld(memory, 4)).toBe(false)
    }
    lease?.release()
    lease?.release()
    expect(Lease.isHeld(first, 5)).toBe(false)
    using taken = Lease.claim(second, 5)
    expect(taken).toBeDefined()
    expect(Lease.isHeld(first, 5)).toBe(true)
  })

  it('ends with the memory that it was claimed through, and does not disturb that memory', () => {
    const name = uniqueName('memlane')
    using first = SharedMemory.create(name, 64)
    const second = SharedMemory.open(name)
    const lease = Lease.claim(second, 0)
    second.close()
    lease?.release()
    expect(Lease.isHeld(first, 0)).toBe(false)
    using again = SharedMemory.open(name)
    expect(again.created).toBe(false)
  })

  it('of another process is seen, outlives a stop, and ends with a kill', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    await using peer = new MemoryPeer()
    await peer.call('open', name)
    expect(await peer.call('claim', 0, 3)).toBe(true)
    expect(Lease.claim(memory, 3)).toBeUndefined()
    expect(Lease.isHeld(memory, 3)).toBe(true)
    if (process.getuid) {
      peer.child.kill('SIGSTOP')
      expect(Lease.claim(memory, 3)).toBeUndefined()
      peer.child.kill('SIGCONT')
    }
    await peer.kill()
    using lease = Lease.claim(memory, 3)
    expect(lease).toBeDefined()
  })

  it('tells which process holds it', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    await using peer = new MemoryPeer()
    await peer.call('open', name)
    await peer.call('claim', 0, 3)
    using _own = Lease.claim(memory, 4)
    expect(Lease.holder(memory, 3)).toBe(peer.child.pid)
    expect(Lease.holder(memory, 4)).toBe(process.pid)
    expect(Lease.holder(memory, 5)).toBeUndefined()
    await peer.kill()
    expect(Lease.holder(memory, 3)).toBeUndefined()
    memory.close()
    expect(() => Lease.holder(memory, 3)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('goes to exactly one of many who claim it at once', async () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 64)
    const peers = [new MemoryPeer(), new MemoryPeer(), new MemoryPeer()]
    for (const peer of peers) await peer.call('open', name)
    for (let slot = 0; slot < 50; slot++) {
      const claims = await Promise.all(peers.map((peer) => peer.call('claim', 0, slot)))
      expect(claims.filter(Boolean)).toHaveLength(1)
    }
    for (const peer of peers) await peer[Symbol.asyncDispose]()
  })

  it.runIf(capabilities.namespace === 'posix')(
    'is given while a process that was checking the slot is stopped, at whatever moment',
    async () => {
      const name = uniqueName('memlane')
      using memory = SharedMemory.create(name, 64)
      Lease.claim(memory, 3)?.release() // makes the folder
      await using peer = new MemoryPeer()
      await peer.call('open', name)
      void peer.call('checkOn', 0, 3)
      const checks = new Int32Array(memory.buffer)
      const progress = async () => {
        for (const before = Atomics.load(checks, 0); Atomics.load(checks, 0) === before; ) await setTimeout(1)
      }
      for (let round = 0; round < 100; round++) {
        Lease.claim(memory, 3)?.release()
        await progress()
        peer.child.kill('SIGSTOP')
        await setTimeout(2)
        const lease = Lease.claim(memory, 3)
        expect(lease, `round ${round}`).toBeDefined()
        if (round % 2 === 0) lease?.release()
        peer.child.kill('SIGCONT')
        await progress()
        lease?.release()
      }
    },
  )

  it('refuses an invalid slot, and closed memory', () => {
    const memory = SharedMemory.create(uniqueName('memlane'), 64)
    for (const slot of [-1, 1.5, 2 ** 31, Number.NaN]) {
      expect(() => Lease.claim(memory, slot)).toThrow(RangeError)
      expect(() => Lease.isHeld(memory, slot)).toThrow(`slot ${slot}`)
    }
    memory.close()
    expect(() => Lease.claim(memory, 0)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })
  it('needs memory of the same copy of the package, and says so', async () => {
    const copy = await import('@memlane/core')
    using memory = copy.SharedMemory.create(uniqueName('memlane'), 64)
    for (const call of [Lease.claim, Lease.isHeld, Lease.holder, Doorbell.open]) {
      const attempt = () => call(memory as unknown as SharedMemory, 0)
      expect(attempt).toThrow(TypeError)
      expect(attempt).toThrow('no SharedMemory of this copy of @memlane/core')
    }
  })
})
