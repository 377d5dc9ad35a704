import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { rings } from '@memlane/testing/rings'
import { describe, expect, it } from 'vitest'
import { capabilities, Doorbell, Lease, SharedMemory } from '../src/index.js'
import { failure } from './failure.js'
import { fifoFolderOf, filesIn } from './fifo-folder.js'
import { removeAfterTest } from './verbatim-name.js'

const OTHER_USER = 12_345
const as = (user: number) => ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups']
const asOtherUser = as(OTHER_USER)
const asStranger = as(OTHER_USER + 1)
const isRoot = process.getuid?.() === 0

/** The path of the file of a `Global\\` name. */
const pathOf = (name: string) => capabilities.objectPath(`/${name.slice('Global\\'.length)}`) as string

describe.runIf(isRoot && capabilities.namespace === 'posix')("another user's memory", () => {
  it('is denied if its bits do not admit this user', async () => {
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
      expect(memory.bytes.byteLength).toBe(64)
    }
  })

  it('made by root is opened by others if its bits admit them', async () => {
    const name = `Global\\${uniqueName('memlane')}`
    using memory = SharedMemory.create(name, 64, { mode: 0o644 })
    memory.bytes[0] = 5
    await using stranger = new MemoryPeer({ through: asOtherUser })
    await expect(stranger.call('open', name)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(await stranger.call('get', await stranger.call('open', name, { access: 'read' }), 0)).toBe(5)
  })

  it('has slots that pass from one user to another while a third watches', async () => {
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

  it('tells its owner and its readers who holds a slot', async () => {
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

  it('is removed together with the bells and leases of all its users', async () => {
    const name = `Global\\${uniqueName('memlane')}`
    const path = pathOf(name)
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
        // This user may not remove another user's file and folder. The next user with that right removes them.
        await stranger.call('list')
        expect([existsSync(path), existsSync(folder)]).toEqual([true, true])
        await owner.call('list')
      }
      expect([existsSync(path), existsSync(folder)]).toEqual([false, false])
    }
  })

  it('refuses bells and leases of users whom its bits do not admit, and names their owner', async () => {
    const name = `Global\\${uniqueName('memlane')}`
    const path = pathOf(name)
    await using owner = new MemoryPeer({ through: asOtherUser })
    await owner.call('create', name, 64)
    const folder = fifoFolderOf(path)
    removeAfterTest(folder)
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
    squat('ln', '-s', dirname(folder), folder)
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

  // Other test files call list() as root at the same time, which removes what a crash has left: then the test runs again.
  it('left behind by a crash counts as gone, and is removed by the next user with the right to do so', {
    retry: 10,
  }, async () => {
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
