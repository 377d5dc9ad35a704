import { existsSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { rings } from '@memlane/testing/rings'
import { describe, expect, it } from 'vitest'
import { capabilities, Doorbell, Lease, SharedMemory } from '../src/index.js'
import { failure } from './failure.js'
import { fifoFolderOf } from './fifo-folder.js'
import { verbatim } from './verbatim-name.js'

const FOLDER = '/dev/shm'
const onLinux = capabilities.objectDirectory === FOLDER
const asOtherUser = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups']
const isRoot = process.getuid?.() === 0

describe.runIf(capabilities.namespace === 'posix')('a file of bells and leases', () => {
  it('that is no FIFO is refused as a bell, and is replaced by a lease', () => {
    const [name, path] = verbatim()
    using memory = SharedMemory.create(name, 64)
    using bell = Doorbell.open(memory, 0)
    const folder = fifoFolderOf(path)
    writeFileSync(`${folder}/bell.7`, 'somebody else')
    symlinkSync('/dev/null', `${folder}/bell.8`)
    for (const number of [7, 8]) expect(failure(() => Doorbell.open(memory, number)).code).toBe('ACCESS_DENIED')
    writeFileSync(`${folder}/lease.7`, 'somebody else')
    expect(Lease.isHeld(memory, 7)).toBe(false)
    const lease = Lease.claim(memory, 7)
    expect(bell.watch(7)).toBe(true)
    lease?.release()
    expect(bell.waitSync(20_000)).toBe(true)
  })

  // On macOS the lease is a lock on such a file.
  describe.runIf(onLinux)('a slot whose files were removed from outside', () => {
    for (const what of ['the FIFO of its lease', 'the folder of bells and leases', 'all files of the memory']) {
      it(`stays with its holder, and the end of the holder still rings: ${what}`, async () => {
        const [name, path] = verbatim()
        using memory = SharedMemory.create(name, 64)
        await using owner = new MemoryPeer()
        await owner.call('open', name)
        await owner.call('claim', 0, 5)
        using before = Doorbell.open(memory, 0)
        expect(before.watch(5)).toBe(true)
        const folder = fifoFolderOf(path)
        rmSync(what.startsWith('the FIFO') ? `${folder}/lease.5` : folder, { recursive: true })
        if (what.startsWith('all')) rmSync(path)

        expect(Lease.isHeld(memory, 5)).toBe(true)
        expect(Lease.claim(memory, 5)).toBeUndefined()
        expect(Lease.holder(memory, 5)).toBe(owner.child.pid)
        using after = Doorbell.open(memory, 1)
        expect(after.watch(5)).toBe(true)
        expect([before.waitSync(300), after.waitSync(300)]).toEqual([false, false])
        await owner.kill()
        expect([before.waitSync(20_000), await rings(after, 20_000)]).toEqual([true, true])
        expect(Lease.isHeld(memory, 5)).toBe(false)
        using lease = Lease.claim(memory, 5)
        expect(lease).toBeDefined()
        expect(after.watch(5)).toBe(true)
      })
    }
  })

  describe('a bell that is removed from outside during a wait', () => {
    for (const how of ['wait', 'waitSync']) {
      for (const what of ['the bell', 'the folder', 'all']) {
        it(`is made again, so that new processes can ring it: ${what}, ${how}`, async () => {
          const [name, path] = verbatim()
          using memory = SharedMemory.create(name, 64)
          await using waiter = new MemoryPeer()
          await waiter.call('open', name)
          await waiter.call('bell', 0, 3)
          using known = Doorbell.open(memory, 3)
          const folder = fifoFolderOf(path)
          for (let round = 0; round < 2; round++) {
            const woken = waiter.call(how, 0, 60_000)
            await new Promise((resolve) => setTimeout(resolve, 100)) // it waits
            rmSync(what === 'the bell' ? `${folder}/bell.3` : folder, { recursive: true })
            if (what === 'all' && round === 0) rmSync(path)
            expect(await woken).toBe(true) // it wakes to check whether it has missed a ring
            using newcomer = Doorbell.open(memory, 3)
            for (const bell of [newcomer, known]) {
              const again = waiter.call(how, 0, 60_000)
              bell.ring()
              expect(await again).toBe(true)
            }
          }
        })
      }
    }
  })

  it('of persistent memory outlives the name of the memory', async () => {
    const [name, path] = verbatim()
    const memory = SharedMemory.create(name, 64, { persistent: true })
    await using owner = new MemoryPeer()
    await owner.call('open', name)
    await owner.call('claim', 0, 5)
    await owner.call('bell', 0, 0)
    const folder = fifoFolderOf(path)
    SharedMemory.unlink(name)
    using successor = SharedMemory.create(name, 64)
    expect(Lease.isHeld(memory, 5)).toBe(true)
    expect(Lease.isHeld(successor, 5)).toBe(false)
    using bell = Doorbell.open(memory, 1)
    expect(bell.watch(5)).toBe(true)
    using theirs = Doorbell.open(memory, 0)
    const woken = owner.call('waitSync', 0, 20_000)
    theirs.ring()
    expect(await woken).toBe(true)
    await owner.kill()
    expect(bell.waitSync(20_000)).toBe(true)
    expect(existsSync(folder)).toBe(true)
    memory.close()
    expect(existsSync(folder)).toBe(false)
  })

  it.runIf(isRoot && onLinux)('needs no reading of /dev/shm: other files there cost nothing', async () => {
    // With strictatime, each reading of the folder changes its access time; each change of its files does not.
    const mount = `mount -t tmpfs -o mode=1777,strictatime tmpfs ${FOLDER} && exec "$@"`
    await using peer = new MemoryPeer({ through: ['unshare', '-m', 'sh', '-c', mount, 'sh', ...asOtherUser] })
    const name = uniqueName('memlane')
    const waiting = peer.call('waitFor', name)
    const folder = `/proc/${peer.child.pid}/root${FOLDER}`
    await expect(peer.call('open', name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const lastRead = () => statSync(folder, { bigint: true }).atimeNs
    const before = lastRead()

    await peer.call('create', name, 64)
    await waiting
    for (let round = 0; round < 2; round++) {
      const [first, second, bell] = [2 * round, 2 * round + 1, round]
      if (round === 1) {
        await peer.call('createOrOpen', name, 64)
        await peer.call('open', name)
      }
      await peer.call('bell', first, 0)
      expect(await peer.call('claim', second, 5)).toBe(true)
      expect(await peer.call('isHeld', first, 5)).toBe(true)
      expect(await peer.call('watch', bell, 5)).toBe(true)
      expect(await peer.call('waitSync', bell, 1)).toBe(false)
      const woken = peer.call('wait', bell, 20_000)
      await peer.call('release', 5)
      expect(await woken).toBe(true)
      expect(await peer.call('claim', second, 6)).toBe(true) // which its close gives back
      for (const handle of [first, second]) await peer.call('close', handle)
      await expect(peer.call('open', name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(await peer.call('abandon', name, 64)).toBe('SIGKILL')
    await peer.call('close', await peer.call('create', name, 64))

    expect(lastRead()).toBe(before)
    expect(await peer.call('list')).toBe(0)
    expect(lastRead()).not.toBe(before)
    expect(readdirSync(folder)).toEqual([])
  })
})
