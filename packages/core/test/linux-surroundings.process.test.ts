import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { uniqueName } from '@memlane/testing'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { describe, expect, it } from 'vitest'
import { capabilities, SharedMemory } from '../src/index.js'

const FOLDER = '/dev/shm'
const MiB = 2 ** 20
const isRoot = process.getuid?.() === 0

/** Where this system has its memory cgroups. */
const isVersion1 = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')
const groups = isVersion1 ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup'

/** A cgroup with a limit, in bytes, on the memory of all its processes together. Dispose of it after its processes. */
class LimitedGroup implements AsyncDisposable {
  readonly folder = `${groups}/${uniqueName('memlane')}`

  constructor(bytes: number) {
    mkdirSync(this.folder)
    try {
      writeFileSync(`${this.folder}/${isVersion1 ? 'memory.limit_in_bytes' : 'memory.max'}`, String(bytes))
    } catch (error) {
      rmdirSync(this.folder)
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    SharedMemory.list() // removes what its processes have left
    for (let attempts = 100; ; attempts--) {
      try {
        rmdirSync(this.folder)
        return
      } catch (error) {
        if (attempts === 0) throw error
        await setTimeout(10) // the kernel has not yet released a process
      }
    }
  }
}

function canLimitMemory(): boolean {
  try {
    const group = new LimitedGroup(2 ** 30)
    rmdirSync(group.folder)
    return true
  } catch {
    return false
  }
}

/** Starts a peer in a mount namespace of its own, which a script changes first. */
const mounted = (script: string) => ({
  through: ['unshare', isRoot ? '-m' : '-rm', 'sh', '-c', `${script} && exec "$@"`, 'sh'],
})

describe.runIf(capabilities.objectDirectory === FOLDER)('memory that does not fit', () => {
  it('into a /dev/shm of 1 MiB is NO_SPACE, and no signal', async () => {
    await using peer = new MemoryPeer(mounted(`mount -t tmpfs -o size=1m tmpfs ${FOLDER}`))
    await expect(peer.call('create', 'big', 2 ** 20 + 1)).rejects.toMatchObject({ code: 'NO_SPACE', osCode: 28 })
    const index = await peer.call('create', 'fits', 2 ** 19)
    await peer.call('fill', index)
    await expect(peer.call('create', 'second', 2 ** 19 + 4096)).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringMatching(`${2 ** 19 + 4096} bytes asked for, ${2 ** 19} bytes free.*--shm-size`),
    })
    await expect(peer.call('open', 'second')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await peer.call('close', index)
    expect(await peer.call('create', 'second', 2 ** 20)).toBe(1)
  })

  it('beside memory that a crash has left gets the space of that memory', async () => {
    await using peer = new MemoryPeer(mounted(`mount -t tmpfs -o size=1m tmpfs ${FOLDER}`))
    expect(await peer.call('abandon', uniqueName('memlane'), 900_000)).toBe('SIGKILL')
    expect(await peer.call('files')).toHaveLength(1)
    await peer.call('create', uniqueName('memlane'), 900_000)
    expect(await peer.call('files')).toHaveLength(1)
  })

  it('into the address space of the process is NO_SPACE, and the message does not mention files', async () => {
    const name = `/${uniqueName('memlane')}`
    const path = FOLDER + name
    try {
      writeFileSync(path, '')
      truncateSync(path, 2 ** 33)
      // Otherwise a loader that uses WebAssembly takes 10 GiB of addresses for it, maybe only after the limit is set, and fails.
      await using peer = new MemoryPeer({ env: { NODE_OPTIONS: '--disable-wasm-trap-handler' } })
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
    } finally {
      rmSync(path)
    }
  })

  it('because another program reserved nothing is NO_SPACE when it is opened for writing', async () => {
    await using peer = new MemoryPeer(
      mounted(`mount -t tmpfs -o size=1m tmpfs ${FOLDER} && truncate -s 4M ${FOLDER}/sparse`),
    )
    await expect(peer.call('open', '/sparse')).rejects.toMatchObject({ code: 'NO_SPACE' })
    const index = await peer.call('open', '/sparse', { view: { length: 2 ** 19 } })
    await peer.call('fill', index)
  })
})

describe.runIf(capabilities.objectDirectory === FOLDER)('a system', () => {
  describe('whose /dev/shm is read-only', () => {
    const readOnly = mounted(`mount --bind ${FOLDER} ${FOLDER} && mount -o remount,bind,ro ${FOLDER}`)

    it('denies creating and opening for writing, and says what helps', async () => {
      const name = uniqueName('memlane')
      using memory = SharedMemory.create(name, 64)
      memory.bytes[0] = 5
      await using peer = new MemoryPeer(readOnly)
      const denied = {
        code: 'ACCESS_DENIED',
        osCode: 30,
        message: expect.stringMatching(/\/dev\/shm is mounted read-only.*access: 'read'/),
      }
      await expect(peer.call('create', uniqueName('memlane'), 64)).rejects.toMatchObject(denied)
      await expect(peer.call('open', name)).rejects.toMatchObject(denied)
      const index = await peer.call('open', name, { access: 'read' })
      expect(await peer.call('get', index, 0)).toBe(5)
      memory.close()
      await peer.call('close', index) // the last handle, which cannot remove the memory
      await expect(peer.call('open', name, { access: 'read' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(SharedMemory.list().map((entry) => entry.name)).not.toContain(name)
    })

    it('denies removing what a crash has left, and blames no user', async () => {
      const name = uniqueName('memlane')
      await using creator = new MemoryPeer()
      await creator.call('create', name, 64)
      await creator.kill()
      await using peer = new MemoryPeer(readOnly)
      const error = await peer.call('create', name, 64).catch((caught) => caught)
      expect(error).toMatchObject({ code: 'ACCESS_DENIED', osCode: 30 })
      expect(error.message).not.toContain('belongs to user')
      SharedMemory.list()
    })
  })

  it('without /dev/shm says that it is missing', async () => {
    await using peer = new MemoryPeer(mounted('mount -t tmpfs tmpfs /dev'))
    const missing = { code: 'NOT_SUPPORTED', message: expect.stringContaining('/dev/shm is missing; mount a tmpfs') }
    await expect(peer.call('create', 'any', 64)).rejects.toMatchObject(missing)
    await expect(peer.call('list')).rejects.toMatchObject(missing)
    await expect(peer.call('open', 'any')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('without /proc still creates memory that has a name, or says that it cannot', async () => {
    const name = uniqueName('memlane')
    await using peer = new MemoryPeer(mounted('umount -l /proc'))
    const created = await peer.call('create', name, 64).catch((error) => error)
    if (created instanceof Error) {
      expect(created).toMatchObject({ code: 'NOT_SUPPORTED', message: expect.stringContaining('/proc is mounted') })
    } else {
      using memory = SharedMemory.open(name)
      expect(memory.bytes.byteLength).toBe(64)
    }
  })

  it('that limits the length of files says so, and to what', async () => {
    await using peer = new MemoryPeer({ through: ['prlimit', `--fsize=${MiB}`] })
    await expect(peer.call('create', uniqueName('memlane'), 2 * MiB)).rejects.toMatchObject({
      code: 'NO_SPACE',
      osCode: 27,
      message: expect.stringMatching(
        `${2 * MiB} bytes asked for, but this process may make no file longer than ${MiB} bytes .*ulimit -f`,
      ),
    })
    expect(await peer.call('create', uniqueName('memlane'), MiB)).toBe(0)
  })

  it('whose /dev/shm has no limit has room', async () => {
    await using peer = new MemoryPeer(mounted(`mount -t tmpfs -o size=0 tmpfs ${FOLDER}`))
    expect(await peer.call('create', 'any', 4096)).toBe(0)
  })

  it.runIf(canLimitMemory())(
    'refuses memory that the limit of a container has no room for, and no process is killed',
    async () => {
      await using group = new LimitedGroup(150 * MiB)
      await using peer = new MemoryPeer({
        through: ['sh', '-c', `echo $$ > ${group.folder}/cgroup.procs && exec "$@"`, 'sh'],
      })
      await expect(peer.call('create', uniqueName('memlane'), 400 * MiB)).rejects.toMatchObject({
        code: 'NO_SPACE',
        osCode: 12,
        message: expect.stringMatching(
          `${400 * MiB} bytes asked for, but the memory limit of this container .* leaves \\d+ bytes`,
        ),
      })
      const index = await peer.call('create', uniqueName('memlane'), 16 * MiB)
      await peer.call('fill', index)
      expect(await peer.call('get', index, 0)).toBe(1)
    },
  )

  it('has semaphores, which the list leaves out', () => {
    const semaphore = `${FOLDER}/sem.${uniqueName('memlane')}`
    const named = `${FOLDER}/${uniqueName('sem.memlane')}`
    try {
      writeFileSync(semaphore, Buffer.alloc(32))
      writeFileSync(named, Buffer.alloc(100)) // whatever that is
      const listed = SharedMemory.list().map((entry) => FOLDER + entry.objectName)
      expect(listed).not.toContain(semaphore)
      expect(listed).toContain(named)
    } finally {
      for (const path of [semaphore, named]) rmSync(path)
    }
  })
})
