import { uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { describe, expect, it } from 'vitest'
import { capabilities, SharedMemory } from '../src/index.js'

const onWindows = capabilities.permissions === 'securityDescriptor'
const { ForeignObject } = onWindows
  ? await import('./windows-objects.js')
  : ({} as typeof import('./windows-objects.js'))

describe.runIf(onWindows)('on Windows', () => {
  it('a security descriptor decides who may open the memory, and how', async () => {
    const name = uniqueName('memlane')
    await using peer = new MemoryPeer()
    using everybody = SharedMemory.create(name, 64, { securityDescriptor: 'D:(A;;GA;;;WD)' })
    expect(await peer.call('open', name)).toBe(0)
    await peer.call('set', 0, 0, 7)
    expect(everybody.bytes[0]).toBe(7)

    const closed = uniqueName('memlane')
    using _nobody = SharedMemory.create(closed, 64, { securityDescriptor: 'D:(D;;GA;;;WD)' })
    const denied = { code: 'ACCESS_DENIED', osCode: 5 }
    await expect(peer.call('open', closed)).rejects.toMatchObject(denied)
    await expect(peer.call('create', closed, 64)).rejects.toMatchObject(denied)

    const readable = uniqueName('memlane')
    using _readable = SharedMemory.create(readable, 64, { securityDescriptor: 'D:(A;;GR;;;WD)' })
    await expect(peer.call('open', readable)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(await peer.call('open', readable, { access: 'read' })).toBe(1)
    await expect(peer.call('create', readable, 64)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('a text that is no security descriptor is INVALID_SECURITY_DESCRIPTOR', () => {
    expect(() => SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor: 'everybody' })).toThrow(
      expect.objectContaining({ code: 'INVALID_SECURITY_DESCRIPTOR' }),
    )
  })

  it('the mode, which only Linux knows, is ignored', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64, { mode: 0o400 })
    memory.bytes[0] = 1
    expect(memory.bytes[0]).toBe(1)
  })

  it('memory is listed while other memory appears and disappears', async () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 64)
    await using peer = new MemoryPeer({ timeoutMs: 60_000 })
    const others = uniqueName('memlane')
    const first = `${others}-first`
    await peer.call('create', first, 64)
    peer.call('comeAndGo', others).catch(() => {})
    let passers = 0
    for (let list = 0; list < 50; list++) {
      const names = SharedMemory.list().map((entry) => entry.name)
      expect([name, first].filter((each) => !names.includes(each))).toEqual([])
      passers += names.filter((entry) => entry.startsWith(others) && entry !== first).length
    }
    expect(passers).toBeGreaterThan(0)
  }, 60_000)

  it('listing keeps no memory of others alive', async () => {
    using words = SharedMemory.create(uniqueName('memlane'), 64)
    await using peer = new MemoryPeer({ timeoutMs: 60_000 })
    peer.call('listOn', await peer.call('open', words.name)).catch(() => {})
    const lists = () => Atomics.load(new Int32Array(words.buffer), 0)
    const name = uniqueName('memlane')
    let created = 0
    for (let round = 0; round < 1000 || lists() < 20; round++) {
      SharedMemory.create(name, 64).close()
      using memory = SharedMemory.createOrOpen(name, 64)
      if (memory.created) created++
      else expect.unreachable(`round ${round}: memory that was closed is still there`)
    }
    expect(created).toBeGreaterThanOrEqual(1000)
  }, 60_000)

  it('a list leaves out memory whose name memlane does not allow', () => {
    const name = uniqueName('memlane')
    for (const wrong of [`${name}/part`, `${name}.lease.3`, `${name}.bell.0`, name.padEnd(300, 'x')]) {
      using _section = ForeignObject.section(`Local\\${wrong}`, 64)
      expect(() => SharedMemory.open(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
      expect(SharedMemory.list().filter((entry) => entry.objectName.includes(name))).toEqual([])
    }
    using _section = ForeignObject.section(`Local\\${name}`, 64)
    expect(SharedMemory.list().filter((entry) => entry.objectName.includes(name))).toHaveLength(1)
  })

  it('memory of more than 4 GiB is read and written correctly through several views', () => {
    const name = uniqueName('memlane')
    using head = SharedMemory.create(name, 2 ** 32 + 2 ** 16, { view: { length: 4096 } })
    using tail = SharedMemory.open(name, { view: { offset: 2 ** 32, length: 2 ** 16 } })
    tail.bytes[10] = 1
    expect([head.objectLength, head.bytes[10]]).toEqual([2 ** 32 + 2 ** 16, 0])
    using same = SharedMemory.open(name, { view: { offset: 2 ** 32 + 8, length: 8 } })
    expect(same.bytes[2]).toBe(1)
  })
})
