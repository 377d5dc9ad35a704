import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { spawnChild, uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { rings } from '@memlane/testing/rings'
import { afterEach, describe, expect, it } from 'vitest'
import { capabilities, Doorbell, Lease, SharedMemory, type SharedMemoryError } from '../src/index.js'
import { fifoFolderOf, filesIn } from './fifo-folder.js'

const FOLDER = '/dev/shm'
const OTHER_USER = 12_345
const as = (user: number) => ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups']
const asOtherUser = as(OTHER_USER)
const asStranger = as(OTHER_USER + 1)
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

function failure(call: () => unknown): SharedMemoryError {
  try {
    call()
  } catch (error) {
    return error as SharedMemoryError
  }
  throw new Error('nothing was thrown')
}

describe.runIf(capabilities.objectDirectory === FOLDER)('on Linux', () => {
  const smallFolder = (megabytes: number) => [
    'unshare',
    isRoot ? '-m' : '-rm',
    'sh',
    '-c',
    `mount -t tmpfs -o size=${megabytes}m tmpfs ${FOLDER} && exec "$@"`,
    'sh',
  ]

  describe('memory that does not fit', () => {
    it('in a /dev/shm of 1 MiB is NO_SPACE, and no signal', async () => {
      await using peer = new MemoryPeer({ through: smallFolder(1) })
      await expect(peer.call('create', 'big', 2 ** 20 + 1)).rejects.toMatchObject({ code: 'NO_SPACE', osCode: 28 })
      const index = await peer.call('create', 'fits', 2 ** 19)
      await peer.call('fill', index)
      await expect(peer.call('create', 'second', 2 ** 19 + 4096)).rejects.toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringContaining(`${2 ** 19 + 4096} bytes asked for, ${2 ** 19} bytes free`),
      })
      await expect(peer.call('open', 'second')).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await peer.call('close', index)
      expect(await peer.call('create', 'second', 2 ** 20)).toBe(1)
    })

    it('because of what a crash has left, under whatever name, gets that space', async () => {
      await using peer = new MemoryPeer({ through: smallFolder(1) })
      expect(await peer.call('abandon', uniqueName('memlane'), 900_000)).toBe('SIGKILL')
      expect(await peer.call('files')).toHaveLength(1)
      await peer.call('create', uniqueName('memlane'), 900_000)
      expect(await peer.call('files')).toHaveLength(1)
    })

    it('in what a process may map is NO_SPACE, and does not speak of files', async () => {
      const [name, path] = verbatim()
      writeFileSync(path, '')
      truncateSync(path, 2 ** 33)
      await using peer = new MemoryPeer()
      const small = await peer.call('open', name, { access: 'read', view: { length: 4096 } })
      const { pid } = peer.child
      const mapped = /VmSize:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      execFileSync('prlimit', [`--pid=${pid}`, `--as=${Number(mapped) * 1024 + 2 ** 30}`])
      await expect(peer.call('open', name, { access: 'read', view: { length: 2 ** 31 } })).rejects.toMatchObject({
        code: 'NO_SPACE',
        osCode: 12,
        message: expect.stringContaining('no room left to map it'),
      })
      expect(await peer.call('length', small)).toBe(4096)
    })

    it('of another program that reserved nothing is NO_SPACE when it is opened for writing', async () => {
      const through = smallFolder(1)
      through[4] = `mount -t tmpfs -o size=1m tmpfs ${FOLDER} && truncate -s 4M ${FOLDER}/sparse && exec "$@"`
      await using peer = new MemoryPeer({ through })
      await expect(peer.call('open', '/sparse')).rejects.toMatchObject({ code: 'NO_SPACE' })
      const index = await peer.call('open', '/sparse', { view: { length: 2 ** 19 } })
      await peer.call('fill', index)
    })
  })

  it('memory over 4 GiB is served right through several views', () => {
    const name = uniqueName('memlane')
    const length = 2 ** 32 + 2 ** 16
    using head = SharedMemory.create(name, length, { view: { length: 4096 } })
    expect(head.objectLength).toBe(length)
    using tail = SharedMemory.open(name, { view: { offset: 2 ** 32 } })
    expect(tail.buffer.byteLength).toBe(2 ** 16)
    tail.bytes[10] = 1
    expect(head.bytes[10]).toBe(0)
    using same = SharedMemory.open(name, { view: { offset: 2 ** 32 + 8, length: 8 } })
    expect(same.bytes[2]).toBe(1)
    const most = capabilities.maxViewLength
    if (most < length) {
      expect(failure(() => SharedMemory.open(name))).toMatchObject({
        code: 'TOO_LONG',
        requested: length,
        available: most,
      })
      expect(() => SharedMemory.open(name, { view: { length } })).toThrow(RangeError)
    }
    using largest = SharedMemory.open(name, { view: { length: Math.min(most, length) } })
    expect(largest.buffer.byteLength).toBe(Math.min(most, length))
  })

  it('a length of 4 GiB and 10 bytes does not become 10 bytes', () => {
    expect(() => SharedMemory.create(uniqueName('memlane'), capabilities.maxViewLength + 10)).toThrow(RangeError)
  })

  it('the permission bits are those asked for, whatever the umask', async () => {
    await using peer = new MemoryPeer()
    for (const umask of [0, 0o077]) {
      await peer.call('umask', umask)
      for (const mode of [undefined, 0o644, 0o666, 0o400]) {
        const name = uniqueName('memlane')
        const index = await peer.call('create', name, 64, { mode })
        const entry = SharedMemory.list().find((found) => found.name === name)
        expect(entry?.mode?.toString(8)).toBe((mode ?? 0o600).toString(8))
        await peer.call('close', index)
      }
    }
  })

  describe.runIf(isRoot)("another user's memory", () => {
    it('is denied when its bits do not admit this one', async () => {
      const name = `Global\\${uniqueName('memlane')}`
      using _memory = SharedMemory.create(name, 64)
      await using stranger = new MemoryPeer({ through: asOtherUser })
      const denied = { code: 'ACCESS_DENIED', osCode: 13 }
      await expect(stranger.call('open', name)).rejects.toMatchObject(denied)
      await expect(stranger.call('createOrOpen', name, 64)).rejects.toMatchObject(denied)
      await expect(stranger.call('create', name, 64)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    })

    it('that squats on a name is refused unless its owner is trusted', async () => {
      const name = `Global\\${uniqueName('memlane')}`
      await using squatter = new MemoryPeer({ through: asOtherUser })
      await squatter.call('create', name, 64, { mode: 0o666 })
      const refusal = { code: 'ACCESS_DENIED', message: expect.stringContaining(`belongs to user ${OTHER_USER}`) }
      expect(failure(() => SharedMemory.open(name))).toMatchObject(refusal)
      expect(failure(() => SharedMemory.open(name, { trustOwner: [1, 2] }))).toMatchObject(refusal)
      expect(failure(() => SharedMemory.createOrOpen(name, 64))).toMatchObject(refusal)
      expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
      for (const trustOwner of [true, [OTHER_USER]]) {
        using memory = SharedMemory.open(name, { trustOwner })
        expect(memory.buffer.byteLength).toBe(64)
      }
    })

    it("is root's to give: opened by others when its bits admit them", async () => {
      const name = `Global\\${uniqueName('memlane')}`
      using memory = SharedMemory.create(name, 64, { mode: 0o644 })
      memory.bytes[0] = 5
      await using stranger = new MemoryPeer({ through: asOtherUser })
      await expect(stranger.call('open', name)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
      expect(await stranger.call('get', await stranger.call('open', name, { access: 'read' }), 0)).toBe(5)
    })

    it('has slots that go from one user to another, watched by a third', async () => {
      const name = `Global\\${uniqueName('memlane')}`
      await using owner = new MemoryPeer({ through: asOtherUser })
      await owner.call('create', name, 64, { mode: 0o666 })
      using memory = SharedMemory.open(name, { trustOwner: true })
      using bell = Doorbell.open(memory, 0)
      await using stranger = new MemoryPeer({ through: asStranger })
      await stranger.call('open', name, { trustOwner: true })
      await stranger.call('bell', 0, 1)
      for (const claimer of [stranger, owner, stranger]) {
        expect(await claimer.call('claim', 0, 0)).toBe(true)
        expect([Lease.isHeld(memory, 0), bell.watch(0)]).toEqual([true, true])
        for (const peer of [owner, stranger]) expect(await peer.call('claim', 0, 0)).toBe(false)
        await claimer.call('release', 0)
        expect(await rings(bell, 20_000)).toBe(true)
        expect(Lease.isHeld(memory, 0)).toBe(false)
      }
      const lease = Lease.claim(memory, 0)
      expect(await stranger.call('watch', 0, 0)).toBe(true)
      lease?.release()
      expect(await stranger.call('waitSync', 0, 20_000)).toBe(true)
    })

    it("keeps a slot's holder known to its owner, and to those who may only read", async () => {
      const name = `Global\\${uniqueName('memlane')}`
      await using owner = new MemoryPeer({ through: asOtherUser })
      await owner.call('create', name, 64, { mode: 0o604 })
      using memory = SharedMemory.open(name, { trustOwner: true })
      using _lease = Lease.claim(memory, 0)
      await using stranger = new MemoryPeer({ through: asStranger })
      await stranger.call('open', name, { access: 'read', trustOwner: true })
      for (const peer of [owner, stranger]) {
        expect([await peer.call('isHeld', 0, 0), await peer.call('isHeld', 0, 1)]).toEqual([true, false])
      }
      expect(await owner.call('claim', 0, 0)).toBe(false)
      for (const slot of [0, 1]) {
        await expect(stranger.call('claim', 0, slot)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
      }
    })

    it("takes all its users' bells and leases with it", async () => {
      const name = `Global\\${uniqueName('memlane')}`
      const path = `${FOLDER}/${name.slice('Global\\'.length)}`
      await using owner = new MemoryPeer({ through: asOtherUser })
      await using stranger = new MemoryPeer({ through: asStranger })
      for (const last of [owner, stranger]) {
        const index = await owner.call('create', name, 64, { mode: 0o666 })
        const folder = fifoFolderOf(path)
        expect(lstatSync(folder)).toMatchObject({ uid: OTHER_USER, mode: 0o040777 })
        const opened = await stranger.call('open', name, { trustOwner: true })
        await stranger.call('bell', opened, 0)
        await owner.call('bell', index, 0)
        await owner.call('bell', index, 1)
        await stranger.call('claim', opened, 0)
        await stranger.call('release', 0)
        await stranger.call('claim', opened, 1)
        expect(filesIn(folder)).toEqual(['bell.0', 'bell.1', 'lease.1'])
        if (last === stranger) await owner.call('close', index)
        await stranger.call('close', opened)
        if (last === owner) await owner.call('close', index)
        expect(filesIn(folder)).toEqual([])
        if (last === stranger) {
          // It may not remove another user's file and folder: whoever may makes up for it.
          await stranger.call('list')
          expect([existsSync(path), existsSync(folder)]).toEqual([true, true])
          await owner.call('list')
        }
        expect([existsSync(path), existsSync(folder)]).toEqual([false, false])
      }
    })

    it('refuses bells and leases of users whom its bits do not admit, and names their owner', async () => {
      const name = `Global\\${uniqueName('memlane')}`
      const path = `${FOLDER}/${name.slice('Global\\'.length)}`
      await using owner = new MemoryPeer({ through: asOtherUser })
      await owner.call('create', name, 64)
      const folder = fifoFolderOf(path)
      made.push(folder)
      const squat = (...command: [string, ...string[]]) => {
        execFileSync(command[0], command.slice(1), { uid: OTHER_USER + 1, gid: OTHER_USER + 1 })
      }
      const refusal = {
        code: 'ACCESS_DENIED',
        message: expect.stringContaining(`belongs to user ${OTHER_USER + 1}, whom the memory does not admit`),
      }
      squat('mkdir', '-m', '777', folder)
      for (const verb of ['bell', 'claim']) await expect(owner.call(verb, 0, 1)).rejects.toMatchObject(refusal)
      squat('rmdir', folder)
      squat('ln', '-s', FOLDER, folder)
      for (const verb of ['bell', 'claim']) {
        await expect(owner.call(verb, 0, 1)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
      }
      squat('rm', folder)
      await owner.call('bell', 0, 1)
      chmodSync(folder, 0o777)
      squat('mkfifo', '-m', '666', `${folder}/bell.2`)
      await expect(owner.call('bell', 0, 2)).rejects.toMatchObject(refusal)
      expect(await owner.call('claim', 0, 1)).toBe(true)
    })

    it('left behind by a crash is as good as gone, and cleared by whoever may', async () => {
      const name = `Global\\${uniqueName('memlane')}`
      await using owner = new MemoryPeer({ through: asOtherUser })
      await owner.call('create', name, 64, { mode: 0o666 })
      await owner.kill()
      await using stranger = new MemoryPeer({ through: asStranger })
      await expect(stranger.call('open', name, { trustOwner: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(stranger.call('create', name, 64)).rejects.toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringContaining(`belongs to user ${OTHER_USER}`),
      })
      using memory = SharedMemory.create(name, 64)
      expect(memory.created).toBe(true)
    })
  })

  it('a symbolic link is not followed', () => {
    const [target] = verbatim()
    const [name, path] = verbatim()
    using _memory = SharedMemory.create(target, 64)
    symlinkSync(FOLDER + target, path)
    expect(failure(() => SharedMemory.open(name))).toMatchObject({ code: 'ACCESS_DENIED', osCode: 40 })
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
    expect(failure(() => SharedMemory.createOrOpen(name, 64)).code).toBe('ACCESS_DENIED')
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(SharedMemory.list().map((entry) => entry.objectName)).not.toContain(name)
  })

  it('a name that belongs to a folder or a pipe is NOT_SHARED_MEMORY, at once', () => {
    const [folder, folderPath] = verbatim()
    const [pipe, pipePath] = verbatim()
    execFileSync('mkdir', [folderPath])
    execFileSync('mkfifo', [pipePath])
    for (const name of [folder, pipe]) {
      for (const access of ['read', 'readwrite'] as const) {
        expect(failure(() => SharedMemory.open(name, { access })).code).toBe('NOT_SHARED_MEMORY')
      }
      expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
    }
  })

  it('memory of other programs is opened, and left alone by every close and every failed open', () => {
    const [name, path] = verbatim()
    writeFileSync(path, 'from elsewhere')
    chmodSync(path, 0o644)
    {
      using memory = SharedMemory.open(name)
      expect(Buffer.from(memory.buffer).toString()).toBe('from elsewhere')
      memory.bytes[0] = 0x46
    }
    expect(failure(() => SharedMemory.open(name, { view: { length: 100 } }))).toMatchObject({
      code: 'TOO_SHORT',
      requested: 100,
      available: 14,
    })
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
    using reader = SharedMemory.open(name, { access: 'read' })
    expect(Buffer.from(reader.buffer).toString()).toBe('From elsewhere')
    expect(SharedMemory.list().find((entry) => entry.objectName === name)).toMatchObject({
      name,
      length: 14,
      mode: 0o644,
      lifetime: 'unlink',
      pids: [],
    })
    SharedMemory.unlink(name)
    expect(existsSync(path)).toBe(false)
  })

  it('an empty object of another program is TOO_SHORT, and waited for until it has a length', async () => {
    const [name, path] = verbatim()
    writeFileSync(path, '')
    expect(failure(() => SharedMemory.open(name))).toMatchObject({ code: 'TOO_SHORT', available: 0 })
    await expect(SharedMemory.waitFor(name, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      cause: expect.objectContaining({ code: 'TOO_SHORT' }),
    })
    const waiting = SharedMemory.waitFor(name)
    execFileSync('truncate', ['-s', '100', path])
    using memory = await waiting
    expect(memory.buffer.byteLength).toBe(100)
  })

  it('persistent memory stays until it is unlinked', async () => {
    const [name] = verbatim()
    await using peer = new MemoryPeer()
    await peer.call('create', name, 64, { persistent: true })
    await peer.call('set', 0, 0, 9)
    await peer.kill()
    {
      using memory = SharedMemory.open(name)
      expect(memory.bytes[0]).toBe(9)
    }
    expect(SharedMemory.list().find((entry) => entry.name === name)?.lifetime).toBe('unlink')
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
    using memory = SharedMemory.open(name)
    SharedMemory.unlink(name)
    expect(memory.bytes[0]).toBe(9)
    expect(failure(() => SharedMemory.unlink(name)).code).toBe('NOT_FOUND')
    using again = SharedMemory.create(name, 64)
    expect(again.bytes[0]).toBe(0)
  })

  it('persistent memory stays the same for programs that map it without a lock, however its creator restarts', async () => {
    const [name, path] = verbatim()
    const game = async (end: 'kill' | 'close', value: number) => {
      await using peer = new MemoryPeer()
      const index = await peer.call('createOrOpen', name, 64, { persistent: true })
      await peer.call('set', index, 0, value)
      if (end === 'close') await peer.call('close', index)
      await peer.kill()
    }
    await game('kill', 1)
    const foreign = openSync(path, 'r') // as shm_open does: no lock
    try {
      const seen = () => {
        const byte = Buffer.alloc(1)
        readSync(foreign, byte, 0, 1, 0)
        return byte[0]
      }
      expect(seen()).toBe(1)
      for (const [end, value] of [
        ['close', 2],
        ['kill', 3],
        ['close', 4],
      ] as const) {
        await game(end, value)
        expect(seen()).toBe(value)
      }
    } finally {
      closeSync(foreign)
    }
  })

  it('unlink refuses memory that goes with its last handle, while it has one', () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 64)
    expect(failure(() => SharedMemory.unlink(name)).code).toBe('IN_USE')
    using again = SharedMemory.open(name)
    expect(again.created).toBe(false)
  })

  it('a name that was removed and made again by hand is not taken for our own', () => {
    const [name, path] = verbatim()
    const [other, otherPath] = verbatim()
    const memory = SharedMemory.create(name, 64)
    linkSync(path, otherPath)
    rmSync(path)
    writeFileSync(path, 'somebody else')
    memory.close()
    expect(existsSync(path)).toBe(true)
    expect(failure(() => SharedMemory.open(other)).code).toBe('NOT_FOUND')
  })

  it('writing to memory opened for reading ends the process, as documented', async () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 64)
    await using peer = new MemoryPeer()
    const index = await peer.call('open', name, { access: 'read' })
    const { code, signal } = await peer.last('set', index, 0, 1)
    expect([code, signal]).toEqual([null, 'SIGSEGV'])
  })

  it('what is no FIFO is not taken for a bell, and gives way to a lease', () => {
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
    for (const what of ['the FIFO of its lease', 'the folder of bells and leases', 'all that belongs to the memory']) {
      it(`stays its holder's, whose end is heard of all the same: ${what}`, async () => {
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

  describe('a bell that was removed from outside while its owner waits', () => {
    for (const how of ['wait', 'waitSync']) {
      for (const what of ['the bell', 'the folder', 'all']) {
        it(`is made again, so that newcomers can ring it: ${what}, ${how}`, async () => {
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
            expect(await woken).toBe(true) // to look whether it has missed a ring
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

  it('bells and leases of persistent memory outlive its name', async () => {
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

  it.runIf(isRoot)(
    'memory is created and closed, beside whatever else is there, without searching the folder',
    async () => {
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
    },
  )

  it('a failed open or create leaves no descriptor, no mapping and no name', () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 4096)
    const ours = (file: string) => file.includes(`-${process.pid}-`)
    const census = () => [readdirSync('/proc/self/fd').length, readdirSync(FOLDER).filter(ours).length]
    const before = census()
    for (let i = 0; i < 100; i++) {
      failure(() => SharedMemory.open(name, { view: { length: 4097 } }))
      failure(() => SharedMemory.open(uniqueName('none')))
      failure(() => SharedMemory.create(name, 64))
      failure(() => SharedMemory.create(uniqueName('none'), 2 ** 46, { view: { length: 1 } }))
      failure(() => SharedMemory.open(name, { view: { offset: 4096 } }))
    }
    expect(census()).toEqual(before)
    expect(memory.closed).toBe(false)
  })

  it('a process that has no descriptors left is told so, and not that the name is taken', async () => {
    await using peer = new MemoryPeer({ through: ['sh', '-c', 'ulimit -n 60; exec "$@"', 'sh'] })
    const name = uniqueName('memlane')
    let error: unknown
    for (let i = 0; i < 60 && error === undefined; i++) {
      await peer.call('create', `${name}-${i}`, 64).catch((caught) => {
        error = caught
      })
    }
    expect(error).toMatchObject({ code: 'SYSTEM', osCode: 24 })
  })

  it('a name whose old memory a stopped process is just removing is NOT_READY', async () => {
    const [name, path] = verbatim()
    writeFileSync(path, 'dying')
    chmodSync(path, 0o1600)
    const remover = spawnChild('flock', ['-x', path, 'sh', '-c', 'echo locked; exec sleep 20'], { group: true })
    await remover.line('locked')
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('NOT_READY')
    expect(failure(() => SharedMemory.open(name)).code).toBe('NOT_FOUND')
    remover[Symbol.dispose]()
    await remover.exit
    using memory = SharedMemory.create(name, 64)
    expect(memory.created).toBe(true)
  })

  it('a stopped holder is still a holder', async () => {
    const name = uniqueName('memlane')
    await using peer = new MemoryPeer()
    await peer.call('create', name, 64)
    peer.child.kill('SIGSTOP')
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
    SharedMemory.open(name).close()
    peer.child.kill('SIGCONT')
    expect(await peer.call('length', 0)).toBe(64)
    using memory = SharedMemory.open(name)
    expect(memory.created).toBe(false)
  })

  it('a child that outlives its parent does not keep the memory', async () => {
    const name = uniqueName('memlane')
    const memory = SharedMemory.create(name, 64)
    using child = spawnChild('sleep', ['20'])
    memory.close()
    expect(existsSync(FOLDER + memory.objectName)).toBe(false)
    child.kill('SIGKILL')
  })

  it('a folder without a limit has room', async () => {
    const through = smallFolder(1)
    through[4] = `mount -t tmpfs -o size=0 tmpfs ${FOLDER} && exec "$@"`
    await using peer = new MemoryPeer({ through })
    expect(await peer.call('create', 'any', 4096)).toBe(0)
  })
})
