import { existsSync, readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { rings } from '@memlane/testing/rings'
import { describe, expect, it } from 'vitest'
import { capabilities, Doorbell, Lease, SharedMemory } from '../src/index.js'
import { fifoFolderOf, filesIn } from './fifo-folder.js'

const LOST = 20_000 // ms: a ring that has not come by then is lost
const onWindows = capabilities.namespace === 'windows'

/** The ways in which a peer's claim to slot 3 can end. */
const ends: Record<
  string,
  { claim?: (owner: MemoryPeer, name: string) => Promise<boolean>; end: (owner: MemoryPeer) => unknown }
> = {
  'is released': { end: (owner) => owner.call('release', 3) },
  'is closed with its memory': { end: (owner) => owner.call('close', 0) },
  'ends with its terminated worker': {
    claim: (owner, name) => owner.call('claimInWorker', name, 3),
    end: (owner) => owner.call('terminate'),
  },
  'ends by process.exit': { end: (owner) => owner.last('exit') },
  'ends by an uncaught exception': { end: (owner) => owner.last('throw') },
  'is killed': { end: (owner) => owner.kill() },
}

describe('a doorbell that watches a slot', () => {
  for (const [how, { claim, end }] of Object.entries(ends)) {
    it(`rings when the lease of the slot ${how}, in both ways of waiting`, async () => {
      const name = uniqueName('memlane')
      using memory = SharedMemory.create(name, 64)
      using bell = Doorbell.open(memory, 0)
      await using owner = new MemoryPeer()
      await using blocked = new MemoryPeer()
      for (const peer of [owner, blocked]) await peer.call('open', name)
      expect(await (claim ? claim(owner, name) : owner.call('claim', 0, 3))).toBe(true)
      await blocked.call('bell', 0, 1)
      expect(await blocked.call('watch', 0, 3)).toBe(true)
      expect([bell.watch(3), bell.watch(3)]).toEqual([true, true])

      const woken = [rings(bell, LOST), blocked.call('waitSync', 0, LOST)]
      const ended = end(owner)
      expect(await Promise.all(woken)).toEqual([true, true])
      expect([Lease.isHeld(memory, 3), bell.watch(3)]).toEqual([false, false])
      expect(await blocked.call('isHeld', 0, 3)).toBe(false)
      expect(await rings(bell, 10)).toBe(false)
      await ended
    })
  }

  it('watches nothing while the slot is free, and can watch again after the ring', () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    using bell = Doorbell.open(memory, 0)
    for (let round = 0; round < 3; round++) {
      using owner = SharedMemory.open(name)
      expect(bell.watch(5)).toBe(false)
      const lease = Lease.claim(round === 0 ? memory : owner, 5)
      expect([bell.watch(5), bell.watch(4)]).toEqual([true, false])
      expect(bell.waitSync(10)).toBe(false)
      if (round === 2) owner.close()
      else lease?.release()
      expect(bell.waitSync(LOST)).toBe(true)
      expect(bell.waitSync(0)).toBe(false)
    }
  })

  it('rings no other bell, and does not ring after it is closed', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using other = Doorbell.open(memory, 0)
    const bell = Doorbell.open(memory, 0)
    const lease = Lease.claim(memory, 0)
    expect(bell.watch(0)).toBe(true)
    const waiting = rings(bell)
    bell.close()
    await waiting
    expect(() => bell.watch(0)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    lease?.release()
    expect(await rings(other, 20)).toBe(false)
  })

  it('refuses an invalid slot, and closed memory', () => {
    const memory = SharedMemory.create(uniqueName('memlane'), 64)
    using bell = Doorbell.open(memory, 0)
    for (const slot of [-1, 0.5, 2 ** 31]) expect(() => bell.watch(slot)).toThrow(RangeError)
    memory.close()
    expect(() => bell.watch(0)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('never loses a release that races with the watching', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    using bell = Doorbell.open(memory, 0)
    await using owner = new MemoryPeer({ timeoutMs: 120_000 })
    await owner.call('open', name)
    const rounds = onWindows ? 1000 : 10_000
    const words = new Int32Array(memory.buffer)
    const unwoken = new Int32Array(new SharedArrayBuffer(4)) // spinning on two cores would keep the owner from continuing
    const done = owner.call('claimAndRelease', 0, rounds)
    await setImmediate() // Bun sends the command only in the event loop
    let watched = 0
    for (let round = 1; round <= rounds; round++) {
      Atomics.store(words, 0, round)
      let watching = false
      while (!watching && Atomics.load(words, 1) !== round) watching = bell.watch(0)
      // If the slot is still held after a ring, the watch began while the owner was claiming the slot.
      for (; watching; watching = Lease.isHeld(memory, 0) && bell.watch(0)) {
        watched++
        const rung = round % 2 ? bell.waitSync(LOST) : await rings(bell, LOST)
        if (!rung) throw new Error(`lost in round ${round}`)
      }
      while (Atomics.load(words, 1) !== round) Atomics.wait(unwoken, 0, 0, 0.02)
      expect(Lease.isHeld(memory, 0)).toBe(false)
    }
    await done
    expect(watched).toBeGreaterThan(0)
  }, 120_000)

  it('never loses a kill that races with the watching', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    using bell = Doorbell.open(memory, 0)
    const [kills, slots] = onWindows ? [3, 60] : [10, 500]
    for (let round = 0; round < kills; round++) {
      const owner = new MemoryPeer()
      await owner.call('open', name)
      expect(await owner.call('claimMany', 0, slots)).toBe(slots)
      const watched = new Set<number>()
      const killed = Math.random() * slots
      for (let slot = 0; slot < slots; slot++) {
        if (slot >= killed) owner.child.kill('SIGKILL')
        if (bell.watch(slot)) watched.add(slot)
      }
      owner.child.kill('SIGKILL')
      while (watched.size > 0) {
        expect(round % 2 ? bell.waitSync(LOST) : await rings(bell, LOST)).toBe(true)
        for (const slot of watched) if (!Lease.isHeld(memory, slot)) watched.delete(slot)
      }
      while (await rings(bell, 20));
      await owner.child.exit
    }
  }, 120_000)

  it('rings for an owner that was killed even if another process takes the slot at once', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    using bell = Doorbell.open(memory, 0)
    const peers = [new MemoryPeer(), new MemoryPeer(), new MemoryPeer(), new MemoryPeer()]
    for (const peer of peers) await peer.call('open', name)
    const claims = peers.map((peer) => peer.call('takeOver', 0, 0).then(() => peer))
    const living = new Set(peers)
    while (living.size > 0) {
      const owner = await Promise.race([...living].map((peer) => claims[peers.indexOf(peer)]))
      if (!owner) throw new Error('no peer took the slot')
      while (!bell.watch(0)) await setImmediate()
      living.delete(owner)
      await owner.kill()
      expect(await rings(bell, LOST)).toBe(true)
    }
    while (await rings(bell, 20));
    expect([Lease.isHeld(memory, 0), bell.watch(0)]).toEqual([false, false])
  })

  it.runIf(!onWindows)(
    'rings, after its process was stopped, for the end of an owner and of the successor',
    async () => {
      const name = uniqueName('memlane')
      using memory = SharedMemory.create(name, 64)
      for (const how of ['wait', 'waitSync']) {
        await using first = new MemoryPeer()
        await using watcher = new MemoryPeer()
        for (const peer of [first, watcher]) await peer.call('open', name)
        await first.call('claim', 0, 0)
        await watcher.call('bell', 0, 0)
        expect(await watcher.call('watch', 0, 0)).toBe(true)
        const woken = watcher.call(how, 0, LOST)
        watcher.child.kill('SIGSTOP')
        await first.kill()
        const successor = Lease.claim(memory, 0)
        expect(successor).toBeDefined()
        watcher.child.kill('SIGCONT')
        expect(await woken).toBe(true)
        expect(await watcher.call('watch', 0, 0)).toBe(true)
        const again = watcher.call(how, 0, LOST)
        successor?.release()
        expect(await again).toBe(true)
        expect(await watcher.call('isHeld', 0, 0)).toBe(false)
      }
    },
  )

  it('does not ring for an owner that is stopped but alive', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    using bell = Doorbell.open(memory, 0)
    await using owner = new MemoryPeer()
    await owner.call('open', name)
    await owner.call('claim', 0, 0)
    if (!onWindows) owner.child.kill('SIGSTOP')
    expect(bell.watch(0)).toBe(true)
    expect(await rings(bell, 50)).toBe(false)
    await owner.kill()
    expect(await rings(bell, LOST)).toBe(true)
  })

  it('leaves nothing behind, like the lease of the slot: not in the list, nor in the folder, nor as descriptors', async () => {
    const name = uniqueName('memlane')
    const listed = () => SharedMemory.list().filter((entry) => entry.objectName.includes(name)).length
    const memory = SharedMemory.create(name, 64)
    const path = capabilities.objectPath(memory.objectName)
    const descriptors = () => (onWindows ? 0 : readdirSync('/dev/fd').length)
    Doorbell.open(memory, 1).close() // the first bell opens the folder, which stays open
    const folder = path && fifoFolderOf(path)
    const before = descriptors()
    for (let round = 0; round < 200; round++) {
      using bell = Doorbell.open(memory, 1)
      const lease = Lease.claim(memory, round % 3)
      expect(bell.watch(round % 3)).toBe(true)
      expect(Lease.claim(memory, round % 3)).toBeUndefined()
      lease?.release()
      if (round % 2) expect(bell.waitSync(LOST)).toBe(true)
    }
    expect(descriptors()).toBeLessThanOrEqual(before)
    using _held = Lease.claim(memory, 0)
    expect(listed()).toBe(1)
    if (folder) expect(filesIn(folder)).toEqual(['bell.1', 'lease.0'])
    memory.close()
    expect(listed()).toBe(0)
    if (path && folder) expect([existsSync(path), existsSync(folder)]).toEqual([false, false])

    await using owner = new MemoryPeer()
    await owner.call('create', name, 64)
    await owner.call('claim', 0, 1)
    const folderOfKilled = path && fifoFolderOf(path)
    await owner.kill()
    expect(listed()).toBe(0)
    if (path && folderOfKilled) expect([existsSync(path), existsSync(folderOfKilled)]).toEqual([false, false])
  })
})
