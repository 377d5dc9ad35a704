import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { spawnChild, uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { hasPython } from '@memlane/testing/python'
import { rings } from '@memlane/testing/rings'
import { describe, expect, it } from 'vitest'
import { capabilities, Doorbell, Lease, SharedMemory } from '../src/index.js'
import { resolveName } from '../src/name.js'
import { failure } from './failure.js'
import { fifoFolderOf, filesIn } from './fifo-folder.js'
import { removeAfterTest } from './verbatim-name.js'

const pathOf = (name: string) => capabilities.objectPath(resolveName(name)) as string
const isMacos = capabilities.objectPath('/X') === '/var/tmp/memlane.X'
/** The folder for macOS, on Linux: it can let calls fail. Macs have no /proc. */
const isStandIn = isMacos && existsSync('/proc')

/** Whether a process can lock the file exclusively, as the system's cleaner does before it removes a file. */
function isUnlocked(path: string): boolean {
  const script = 'open F, $ARGV[0]; print flock(F, 2 | 4) ? "free" : "locked"'
  return execFileSync('perl', ['-e', script, path], { encoding: 'utf8' }) === 'free'
}

describe.runIf(isMacos)('memory on macOS', () => {
  it("lies in the user's own temporary folder, and in /var/tmp if it is for all users", () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    using shared = SharedMemory.create(`Global\\${name}`, 64)
    expect(basename(pathOf(memory.name))).toBe(`memlane.${name}.${process.getuid?.()}`)
    expect(statSync(dirname(pathOf(memory.name))).mode & 0o777).toBe(0o700)
    expect(dirname(pathOf(shared.name))).toBe('/var/tmp')
    for (const each of [memory, shared]) {
      expect(existsSync(pathOf(each.name))).toBe(true)
      expect(SharedMemory.list().map((entry) => entry.name)).toContain(each.name)
    }
  })

  it('that is persistent is locked while a handle is open, so that the system does not remove its file', () => {
    const name = uniqueName('memlane')
    removeAfterTest(pathOf(name))
    const memory = SharedMemory.create(name, 64, { persistent: true })
    expect(isUnlocked(pathOf(name))).toBe(false)
    memory.close()
    expect(isUnlocked(pathOf(name))).toBe(true)
    using again = SharedMemory.open(name, { access: 'read' })
    expect([again.created, isUnlocked(pathOf(name))]).toEqual([false, false])
  })

  it('that a crash has left unfinished is removed, and memory that is being made stays', async () => {
    const folder = dirname(pathOf('X'))
    const name = uniqueName('memlane')
    const left = join(folder, `.memlane.new.${name}.1`)
    removeAfterTest(left)
    writeFileSync(left, '')
    SharedMemory.create(name, 64, {
      initialize() {
        expect(leftovers(`.memlane.new.${process.pid}.`)).toHaveLength(1)
        SharedMemory.list()
        expect(existsSync(left)).toBe(false)
        expect(leftovers(`.memlane.new.${process.pid}.`)).toHaveLength(1)
      },
    }).close()
    expect(leftovers(`.memlane.new.${process.pid}.`)).toEqual([])
  })

  it('loses the slots of a killed process, whose files the next owner replaces', async () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 64)
    await using owner = new MemoryPeer()
    await owner.call('open', name)
    await owner.call('claim', 0, 3)
    const folder = fifoFolderOf(pathOf(name))
    await owner.kill()
    expect(filesIn(folder)).toContain('lease.3')
    const left = openSync(join(folder, 'lease.3'), 'r') // so that no other file gets its inode number
    expect([Lease.isHeld(memory, 3), Lease.holder(memory, 3)]).toEqual([false, undefined])
    const lease = Lease.claim(memory, 3)
    expect(Lease.holder(memory, 3)).toBe(process.pid)
    expect(statSync(join(folder, 'lease.3')).ino).not.toBe(fstatSync(left).ino)
    closeSync(left)
    lease?.release()
    expect(filesIn(folder)).not.toContain('lease.3')
  })

  it.runIf(isStandIn)(
    "is refused if the system does not tell the user's folder, unless it is for all users",
    async () => {
      await using peer = new MemoryPeer({ env: { MEMLANE_STAND_IN_CONFSTR: 'off' } })
      const name = uniqueName('memlane')
      for (const call of [peer.call('create', name, 64), peer.call('open', name), peer.call('list')]) {
        await expect(call).rejects.toMatchObject({
          code: 'NOT_SUPPORTED',
          message: expect.stringMatching(/confstr.*temporary folder.*Global\\/),
        })
      }
      await peer.call('create', `Global\\${name}`, 64)
      using shared = SharedMemory.open(`Global\\${name}`)
      expect(shared.created).toBe(false)
    },
  )

  it('names the call that found the name taken', () => {
    const name = uniqueName('memlane')
    let taken: SharedMemory | undefined
    const initialize = () => {
      taken = SharedMemory.create(name, 64)
    }
    const error = failure(() => SharedMemory.create(name, 64, { initialize }))
    taken?.close()
    expect(error).toMatchObject({ code: 'ALREADY_EXISTS', syscall: 'renameatx_np' })
  })

  it.runIf(hasPython)(
    'of a program that calls shm_open is opened, has bells and leases, and can be unlinked',
    async () => {
      const name = `/${uniqueName('memlane')}`
      const script = `
import _posixshmem, mmap, os, sys
fd = _posixshmem.shm_open(sys.argv[1], os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
os.ftruncate(fd, 16384)
memory = mmap.mmap(fd, 16384)
memory[0] = 7
print('made', flush=True)
sys.stdin.readline()
print(memory[1])
`
      using program = spawnChild('python3', ['-c', script, name])
      await program.line('made')
      using memory = SharedMemory.open(name)
      expect([memory.objectLength, memory.bytes[0]]).toEqual([16_384, 7])
      memory.bytes[1] = 9
      expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')

      using other = SharedMemory.open(name)
      using bell = Doorbell.open(memory, 0)
      const lease = Lease.claim(other, 2)
      expect([Lease.isHeld(memory, 2), bell.watch(2)]).toEqual([true, true])
      lease?.release()
      expect(await rings(bell, 20_000)).toBe(true)

      program.write('\n')
      expect((await program.exit).stdout).toBe('made\n9\n')
      SharedMemory.unlink(name)
      expect(failure(() => SharedMemory.open(name)).code).toBe('NOT_FOUND')
      for (const each of [bell, other, memory]) each.close()
      expect(leftovers(name.slice(1))).toEqual([])
    },
  )
})
