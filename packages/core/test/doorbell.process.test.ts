import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { rings } from '@memlane/testing/rings'
import { describe, expect, it } from 'vitest'
import { binding } from '../src/binding.js'
import { capabilities, Doorbell, SharedMemory } from '../src/index.js'
import { fifoFolderOf, filesIn } from './fifo-folder.js'

const VIEW = {
  access: 'readwrite',
  offset: 0,
  length: undefined,
  maxLength: 4096,
  external: true,
  trustOwner: true,
} as const

describe('a doorbell', () => {
  it('wakes a wait in the event loop, and a blocking wait', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    using other = SharedMemory.open(name)
    using bell = Doorbell.open(memory, 3)
    using button = Doorbell.open(other, 3)
    const woken = rings(bell)
    setTimeout(() => button.ring(), 10)
    expect(await woken).toBe(true)
    button.ring()
    expect(bell.waitSync()).toBe(true)
  })

  it('calls its listener once, when it rings or is closed, unless the listener was removed', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using button = Doorbell.open(memory, 3)
    const bell = Doorbell.open(memory, 3)
    const woken = () =>
      new Promise<void>((resolve) => {
        if (!bell.listen(resolve)) resolve()
      })
    setTimeout(() => button.ring(), 10)
    await woken()
    button.ring()
    await sleep(20)
    expect(bell.listen(() => {})).toBe(false)
    let calls = 0
    const count = () => calls++
    expect(bell.listen(count)).toBe(true)
    expect(() => bell.listen(() => {})).toThrow(TypeError)
    expect(() => bell.waitSync(0)).toThrow(TypeError)
    bell.unlisten(count)
    const waiting = rings(bell, 10_000)
    bell.unlisten(count) // does not remove other listeners
    button.ring()
    expect(await waiting).toBe(true)
    expect(calls).toBe(0)
    const closed = woken()
    bell.close()
    await closed
    bell.unlisten(count)
    expect(() => bell.listen(() => {})).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('rings by itself, once, after the time of the last ringAfter call', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using other = Doorbell.open(memory, 0)
    const bell = Doorbell.open(memory, 0)
    for (const timeMs of [0, 20]) {
      bell.ringAfter(60_000)
      bell.ringAfter(timeMs)
      expect(bell.waitSync(10_000)).toBe(true)
      bell.ringAfter(60_000)
      bell.ringAfter(timeMs)
      expect(await rings(bell, 10_000)).toBe(true)
    }
    expect(await rings(bell, 30)).toBe(false)
    expect(bell.waitSync(30)).toBe(false)
    expect(other.waitSync(0)).toBe(false)
    for (const timeMs of [-1, 0.5, 2 ** 31, Number.NaN]) expect(() => bell.ringAfter(timeMs)).toThrow(RangeError)
    bell.ringAfter(0)
    bell.close()
    expect(() => bell.ringAfter(0)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('keeps a ring for the next wait, and counts several rings as one', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using bell = Doorbell.open(memory, 0)
    // On Windows a ring can be pending in three places, and each of them causes a wake: the mark, the thread that is about to
    // leave a mark, and the event that was set again meanwhile.
    const further = capabilities.namespace === 'windows' ? 2 : 0
    for (let round = 0; round < 3; round++) {
      for (let rings = 0; rings < 100_000; rings++) bell.ring()
      expect(await rings(bell, 10_000)).toBe(true)
      let more = 0
      while (await rings(bell, 20)) more++
      expect(more).toBeLessThanOrEqual(further)
      for (let rings = 0; rings < 1000; rings++) bell.ring()
      expect(bell.waitSync(10_000)).toBe(true)
      more = 0
      while (bell.waitSync(20)) more++
      expect(more).toBeLessThanOrEqual(further)
    }
  })

  it('is independent of the other bells of the memory, and of the bells of other memories', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using other = SharedMemory.create(uniqueName('memlane'), 64)
    using bell = Doorbell.open(memory, 1)
    using ten = Doorbell.open(memory, 10)
    using elsewhere = Doorbell.open(other, 1)
    ten.ring()
    elsewhere.ring()
    expect(bell.waitSync(10)).toBe(false)
    expect([ten.waitSync(0), elsewhere.waitSync(0)]).toEqual([true, true])
  })

  it('carries rings back and forth between processes, in both ways of waiting', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    await using peer = new MemoryPeer()
    await peer.call('open', name)
    using mine = Doorbell.open(memory, 0)
    using theirs = Doorbell.open(memory, 1)
    for (const blocking of [false, true]) {
      const echoed = peer.call('echo', 0, 1000, blocking)
      for (let round = 0; round < 1000; round++) {
        theirs.ring()
        // Bun sends the command to the peer only in the event loop.
        expect(blocking && round > 0 ? mine.waitSync(20_000) : await rings(mine, 20_000)).toBe(true)
      }
      expect(await echoed).toBe(1000)
    }
  })

  it('of a peer that was killed can still be rung, and the ring wakes the successor of that peer', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    const first = new MemoryPeer()
    await first.call('open', name)
    await first.call('bell', 0, 7)
    await first.kill()
    using bell = Doorbell.open(memory, 7)
    for (let rings = 0; rings < 100_000; rings++) bell.ring()
    await using second = new MemoryPeer()
    await second.call('open', name)
    await second.call('bell', 0, 7)
    expect(await second.call('waitSync', 0, 1000)).toBe(true)
    expect(await second.call('waitSync', 0, 10)).toBe(false)
  })

  it('ends a wait at its timeout, and when the bell is closed', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    const bell = Doorbell.open(memory, 0)
    for (const timeoutMs of [5, 0]) {
      expect(await rings(bell, timeoutMs)).toBe(false)
      expect(bell.waitSync(timeoutMs)).toBe(false)
    }
    bell.ring()
    expect(await rings(bell)).toBe(true)
    const last = rings(bell)
    bell.close()
    bell.close()
    await last
    expect(() => bell.listen(() => {})).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(() => bell.ring()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(() => bell.waitSync()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('has methods that refuse other objects', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    const segment = binding.open({ ...VIEW, name: memory.objectName })
    const bell = segment.openDoorbell(0, true)
    for (const receiver of [{}, segment, Object.create(bell)]) expect(() => bell.ring.call(receiver)).toThrow(TypeError)
    for (const receiver of [{}, bell]) expect(() => segment.isLeased.call(receiver as never, 0)).toThrow(TypeError)
    bell.close()
    segment.close()
  })

  it('refuses an invalid number, and closed memory', () => {
    const memory = SharedMemory.create(uniqueName('memlane'), 64)
    for (const number of [-1, 0.5, 2 ** 31]) expect(() => Doorbell.open(memory, number)).toThrow(RangeError)
    using bell = Doorbell.open(memory, 0)
    expect(() => bell.waitSync(-1)).toThrow(RangeError)
    memory.close()
    expect(() => Doorbell.open(memory, 0)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('lets a process end that waits with ref: false, and keeps a process running that waits with ref: true', async () => {
    for (const ref of [false, true]) {
      const name = uniqueName('memlane')
      using memory = SharedMemory.create(name, 64)
      await using peer = new MemoryPeer()
      await peer.call('open', name)
      await peer.call('bell', 0, 0)
      await peer.call('waitAndEnd', 0, ref)
      if (ref) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        using bell = Doorbell.open(memory, 0)
        bell.ring()
      }
      const { code, signal, stdout } = await peer.child.exit
      expect([code, signal, stdout.includes('rung')]).toEqual([0, null, ref])
    }
  })

  it.each([undefined, 'off'])(
    'may be closed before its ring reaches the event loop, with MEMLANE_UV_POLL=%s',
    async (uvPoll) => {
      await using peer = new MemoryPeer({ env: { MEMLANE_UV_POLL: uvPoll } })
      await peer.call('create', uniqueName('memlane'), 64)
      await peer.call('bell', 0, 0)
      const { code, signal, stderr } = await peer.last('closeRungAndEnd', 0)
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    },
  )

  it('calls the other listeners even if one of them throws', async () => {
    const url = new URL('../fixtures/throwing-listeners.child.ts', import.meta.url)
    using child = spawnFixture(url, [uniqueName('memlane')])
    expect(await child.exit).toEqual({ code: 0, signal: null, stderr: '', stdout: 'rung\nclosed\ntrue\n' })
  })

  it('is released by workers that end while they wait', async () => {
    const child = spawnFixture(new URL('../fixtures/waiting-workers.child.ts', import.meta.url), [
      uniqueName('memlane'),
      '30',
    ])
    const { code, signal, stdout, stderr } = await child.exit
    expect([code, signal, stderr]).toEqual([0, null, ''])
    expect(JSON.parse(stdout)).toEqual({ rung: 10, left: [] })
  })

  it.runIf(capabilities.namespace === 'posix')(
    'leaves nothing behind, whether its users close, exit or are killed',
    async () => {
      const name = uniqueName('memlane')
      const memory = SharedMemory.create(name, 64)
      const path = capabilities.objectPath(memory.objectName) as string
      const folder = fifoFolderOf(path)
      expect(existsSync(folder)).toBe(false)
      Doorbell.open(memory, 1).close()
      using open = Doorbell.open(memory, 2)
      expect(filesIn(folder)).toEqual(['bell.1', 'bell.2'])
      memory.close()
      expect([existsSync(path), existsSync(folder)]).toEqual([false, false])
      open.ring()

      await using peer = new MemoryPeer()
      await peer.call('create', name, 64)
      await peer.call('bell', 0, 1)
      const folderOfKilled = fifoFolderOf(path)
      await peer.kill()
      expect([['bell.1'], []]).toContainEqual(filesIn(folderOfKilled)) // none if a process has just listed all memory
      expect(() => SharedMemory.open(name)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
      expect([existsSync(path), existsSync(folderOfKilled)]).toEqual([false, false])
    },
  )
})
