import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { rings } from '@memlane/testing/rings'
import { afterEach, describe, expect, it } from 'vitest'
import { capabilities, Doorbell, Lease, SharedMemory } from '../src/index.js'
import { failure } from './failure.js'
import { fifoFolderOf } from './fifo-folder.js'

const FOLDER = '/dev/shm'
const asOtherUser = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups']
const isRoot = process.getuid?.() === 0

const made: string[] = []
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})

/** A name taken verbatim, and the path of its object, which is removed after the test. */
function verbatim(): [name: string, path: string] {
  const name = `/${uniqueName('memlane')}`
  made.push(FOLDER + name)
  return [name, FOLDER + name]
}

describe.runIf(capabilities.objectDirectory === FOLDER)('a file of bells and leases', () => {
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

  describe('a slot whose files were removed from outside', () => {
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

  it.runIf(isRoot)('needs no listing of /dev/shm when memory is created and closed', async () => {
    const mount = `mount -t tmpfs -o mode=1733 tmpfs ${FOLDER} && exec "$@"` // lets nobody but root list its files
    await using peer = new MemoryPeer({ through: ['unshare', '-m', 'sh', '-c', mount, 'sh', ...asOtherUser] })
    await expect(peer.call('files')).rejects.toMatchObject({ code: 'EACCES' })
    const name = uniqueName('memlane')
    for (let round = 0; round < 2; round++) {
      await peer.call('create', name, 64)
      await peer.call('open', name)
      await peer.call('bell', 2 * round, 0)
      await peer.call('claim', 2 * round + 1, 0)
      for (const handle of [0, 1]) await peer.call('close', 2 * round + handle)
    }
    await expect(peer.call('open', name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await peer.call('abandon', name, 64)).toBe('SIGKILL')
    await peer.call('create', name, 64)
  })
})
