import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uniqueName } from '@memlane/testing'
import { rings } from '@memlane/testing/rings'
import { describe, expect, it, onTestFinished } from 'vitest'
import { capabilities, Doorbell, Lease, SharedMemory } from '../src/index.js'

const onWindows = capabilities.permissions === 'securityDescriptor'
const { ForeignObject, permissionsOf, permissionsOfThisProcess, tryToOpen } = onWindows
  ? await import('./windows-objects.js')
  : ({} as typeof import('./windows-objects.js'))

const ALL = 'D:(A;;GA;;;WD)'
const STRANGER = 'S-1-5-21-1-2-3-1001'
const ACCESS_DENIED = 5

const EVENT_MODIFY_STATE = 2
const SEMAPHORE_QUERY_STATE = 1
const SEMAPHORE_MODIFY_STATE = 2

const denied = (message = '') =>
  expect.objectContaining({ code: 'ACCESS_DENIED', message: expect.stringContaining(message) })

describe.runIf(onWindows)('permissions on Windows', () => {
  it('of bells and leases are those of their memory', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor: ALL })
    using _bell = Doorbell.open(memory, 3)
    using _lease = Lease.claim(memory, 4)
    const { objectName } = memory
    const write = '0x120002' // SYNCHRONIZE, READ_CONTROL, EVENT_MODIFY_STATE
    expect(permissionsOf('event', `${objectName}.bell.3`)).toBe(`D:(A;;${write};;;WD)`)
    expect(permissionsOf('semaphore', `${objectName}.lease.4`)).toBe('D:(A;;CCRC;;;WD)')
    expect(permissionsOf('event', `${objectName}.lease.4.end.${process.pid}.0`)).toBe('D:(A;;0x100000;;;WD)')
  })

  it('let readers of memory check its leases, but neither ring its bells nor change its leases', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor: 'D:(A;;GR;;;WD)' })
    using _bell = Doorbell.open(memory, 3)
    using _lease = Lease.claim(memory, 4)
    const { objectName } = memory
    expect(tryToOpen('event', `${objectName}.bell.3`, EVENT_MODIFY_STATE)).toBe(ACCESS_DENIED)
    expect(tryToOpen('semaphore', `${objectName}.lease.4`, SEMAPHORE_QUERY_STATE)).toBe(0)
    expect(tryToOpen('semaphore', `${objectName}.lease.4`, SEMAPHORE_MODIFY_STATE)).toBe(ACCESS_DENIED)
    expect(tryToOpen('event', `${objectName}.lease.4.end.${process.pid}.0`, EVENT_MODIFY_STATE)).toBe(ACCESS_DENIED)
    using reader = SharedMemory.open(memory.name, { access: 'read' })
    expect(Lease.isHeld(reader, 4)).toBe(true)
  })

  it('deny a writer nothing that a reader may do', () => {
    const securityDescriptor = `D:(D;;GW;;;${STRANGER})(A;;GA;;;WD)`
    using memory = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor })
    using _bell = Doorbell.open(memory, 3)
    using _lease = Lease.claim(memory, 4)
    expect(permissionsOf('event', `${memory.objectName}.bell.3`)).toContain(`(D;;0x120002;;;${STRANGER})`)
    expect(permissionsOf('semaphore', `${memory.objectName}.lease.4`)).not.toContain(`(D;;CC`)
  })

  it('let users of memory wait for the end of a process that has claimed a lease', () => {
    const guest = 'S-1-5-21-1-2-3-1002'
    const before = permissionsOfThisProcess()
    expect(before).not.toContain(guest)
    using own = SharedMemory.create(uniqueName('memlane'), 64)
    using _own = Lease.claim(own, 0)
    expect(permissionsOfThisProcess()).toBe(before)
    const securityDescriptor = `${ALL}(A;;GR;;;${guest})`
    for (let slot = 0; slot < 3; slot++) {
      using memory = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor })
      using _lease = Lease.claim(memory, slot)
    }
    const entry = `(A;;0x100000;;;${guest})`
    expect(permissionsOfThisProcess().split(entry)).toHaveLength(2)
    expect(permissionsOfThisProcess()).toContain(before.slice(before.indexOf('(')))
  })

  it('a bell that another user has planted is refused, unless the memory admits others', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor: 'D:(A;;GA;;;BA)(A;;GR;;;WD)' })
    using _event = ForeignObject.event(`${memory.objectName}.bell.1`, `O:${STRANGER}${ALL}`)
    expect(() => Doorbell.open(memory, 1)).toThrow(denied(STRANGER))
    using _own = ForeignObject.event(`${memory.objectName}.bell.2`, `O:BA${ALL}`)
    Doorbell.open(memory, 2).close()

    using shared = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor: ALL })
    using _admitted = ForeignObject.event(`${shared.objectName}.bell.1`, `O:${STRANGER}D:(A;;0x100002;;;WD)`)
    Doorbell.open(shared, 1).close()
  })

  it('a lease that another user has planted is refused, unless the memory admits others', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor: 'D:(A;;GA;;;BA)(A;;GR;;;WD)' })
    using bell = Doorbell.open(memory, 0)
    using _semaphore = ForeignObject.semaphore(
      `${memory.objectName}.lease.1`,
      process.pid,
      process.pid,
      `O:${STRANGER}${ALL}`,
    )
    expect(() => Lease.claim(memory, 1)).toThrow(denied(STRANGER))
    expect(() => Lease.isHeld(memory, 1)).toThrow(denied(STRANGER))
    expect(() => bell.watch(1)).toThrow(denied(STRANGER))
    expect(Lease.holder(memory, 1)).toBeUndefined()

    using shared = SharedMemory.create(uniqueName('memlane'), 64, { securityDescriptor: ALL })
    using _admitted = ForeignObject.semaphore(
      `${shared.objectName}.lease.1`,
      process.pid,
      process.pid,
      `O:${STRANGER}${ALL}`,
    )
    expect(Lease.claim(shared, 1)).toBeUndefined()
  })

  it('memory that another user has planted is refused unless trustOwner admits its owner', () => {
    const name = uniqueName('memlane')
    using _planted = ForeignObject.section(`Local\\${name}`, 64, `O:${STRANGER}${ALL}`)
    for (const open of [
      () => SharedMemory.open(name),
      () => SharedMemory.open(name, { trustOwner: ['S-1-5-21-1-2-3-1003'] }),
      () => SharedMemory.createOrOpen(name, 64),
    ]) {
      expect(open).toThrow(denied(STRANGER))
      expect(open).toThrow(denied('trustOwner'))
    }
    for (const trustOwner of [true, [STRANGER]] as const) SharedMemory.open(name, { trustOwner }).close()
    expect(() => SharedMemory.open(name, { trustOwner: ['nobody'] })).toThrow(TypeError)
  })

  it('memory of an administrator or of the system is opened like that of this user', () => {
    for (const owner of ['BA', 'SY']) {
      const name = uniqueName('memlane')
      using _section = ForeignObject.section(`Local\\${name}`, 64, `O:${owner}${ALL}`)
      SharedMemory.open(name).close()
    }
  })

  it('memory that hides its owner is refused unless any owner is trusted', () => {
    const name = uniqueName('memlane')
    using _section = ForeignObject.section(`Local\\${name}`, 64, `O:${STRANGER}D:(A;;0x6;;;WD)`)
    expect(() => SharedMemory.open(name)).toThrow(denied('trustOwner: true'))
    using memory = SharedMemory.open(name, { trustOwner: true })
    memory.bytes[0] = 1
    using bell = Doorbell.open(memory, 0)
    bell.ring()
    expect(bell.waitSync(0)).toBe(true)
    using lease = Lease.claim(memory, 0)
    expect(lease).toBeDefined()
  })
})

describe.runIf(onWindows)('objects of other programs on Windows', () => {
  it('a section over a file is mapped whole, of whatever length', () => {
    const folder = mkdtempSync(join(tmpdir(), 'memlane-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    for (const length of [1, 4095, 4096, 4097, 5000, 70_000]) {
      const path = join(folder, String(length))
      writeFileSync(path, Buffer.alloc(length, 7))
      const name = uniqueName('memlane')
      using _section = ForeignObject.sectionOver(path, `Local\\${name}`)
      for (const access of ['read', 'copy', 'readwrite'] as const) {
        using memory = SharedMemory.open(name, { access })
        expect(memory.objectLength).toBe(Math.ceil(length / 4096) * 4096)
        expect([memory.bytes[0], memory.bytes[length - 1]]).toEqual([7, 7])
        using exact = SharedMemory.open(name, { access, view: { length } })
        expect([exact.bytes.length, exact.bytes[length - 1]]).toEqual([length, 7])
      }
      using end = SharedMemory.open(name, { view: { offset: Math.floor((length - 1) / 8) * 8 } })
      expect(end.bytes[0]).toBe(7)
      expect(() => SharedMemory.open(name, { view: { length: 2 ** 20 } })).toThrow(
        expect.objectContaining({ code: 'TOO_SHORT' }),
      )
    }
  })

  it('of another kind under the name of a bell or a lease are NOT_SHARED_MEMORY', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using bell = Doorbell.open(memory, 0)
    using _bell = ForeignObject.semaphore(`${memory.objectName}.bell.1`, 1, 1)
    using _lease = ForeignObject.event(`${memory.objectName}.lease.1`)
    const taken = expect.objectContaining({ code: 'NOT_SHARED_MEMORY' })
    expect(() => Doorbell.open(memory, 1)).toThrow(taken)
    expect(() => Lease.claim(memory, 1)).toThrow(taken)
    expect(() => Lease.isHeld(memory, 1)).toThrow(taken)
    expect(() => bell.watch(1)).toThrow(taken)
  })

  it('under the names of end events do not keep a lease from being claimed and watched', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    const end = `${memory.objectName}.lease.1.end.${process.pid}`
    using _event = ForeignObject.event(`${end}.0`, `O:${STRANGER}D:(D;;GA;;;WD)`)
    using _semaphore = ForeignObject.semaphore(`${end}.1`, 1, 1)
    using bell = Doorbell.open(memory, 0)
    const lease = Lease.claim(memory, 1)
    expect(lease).toBeDefined()
    expect([Lease.isHeld(memory, 1), bell.watch(1)]).toEqual([true, true])
    lease?.release()
    expect(bell.waitSync(10_000)).toBe(true)
    expect(Lease.isHeld(memory, 1)).toBe(false)
  })

  it('a lease whose name outlives its owner is checked a few times a second, not without a pause', async () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    using bell = Doorbell.open(memory, 0)
    const unused = 2 // no process has this id
    const semaphore = ForeignObject.semaphore(`${memory.objectName}.lease.1`, unused, unused)
    expect(Lease.isHeld(memory, 1)).toBe(false)
    const end = performance.now() + 1000
    let wakes = 0
    for (; performance.now() < end; wakes++) {
      expect(bell.watch(1)).toBe(true)
      expect(await rings(bell, 10_000)).toBe(true)
    }
    expect(wakes).toBeLessThan(100)
    semaphore[Symbol.dispose]()
    expect(bell.watch(1)).toBe(false)
  })
})
