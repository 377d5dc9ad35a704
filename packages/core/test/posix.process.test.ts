import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { spawnChild, uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { MemoryPeer } from '@memlane/testing/memory-peer'
import { describe, expect, it } from 'vitest'
import { capabilities, SharedMemory } from '../src/index.js'
import { failure } from './failure.js'
import { pathOf, verbatim } from './verbatim-name.js'

describe.runIf(capabilities.namespace === 'posix')('memory on POSIX systems', () => {
  it('over 4 GiB is served through several views', () => {
    const name = uniqueName('memlane')
    const length = 2 ** 32 + 2 ** 16
    using head = SharedMemory.create(name, length, { view: { length: 4096 } })
    expect(head.objectLength).toBe(length)
    using tail = SharedMemory.open(name, { view: { offset: 2 ** 32 } })
    expect(tail.bytes.byteLength).toBe(2 ** 16)
    tail.bytes[10] = 1
    expect(head.bytes[10]).toBe(0)
    using same = SharedMemory.open(name, { view: { offset: 2 ** 32 + 8, length: 8 } })
    expect(same.bytes[2]).toBe(1)
    const inHeap = process.env.MEMLANE_HEAP === 'caged'
    const most = Math.min(capabilities.maxViewLength, inHeap ? 2 ** 32 : length)
    if (most < length) {
      const tooLong = { code: 'TOO_LONG', requested: length, available: most }
      expect(failure(() => SharedMemory.open(name))).toMatchObject(tooLong)
    }
    if (capabilities.maxViewLength < length)
      expect(() => SharedMemory.open(name, { view: { length } })).toThrow(RangeError)
    using largest = SharedMemory.open(name, { view: { length: most } })
    expect(largest.bytes.byteLength).toBe(most)
  })

  it('of 4 GiB and 10 bytes does not become memory of 10 bytes', () => {
    expect(() => SharedMemory.create(uniqueName('memlane'), capabilities.maxViewLength + 10)).toThrow(RangeError)
  })

  it('gets the permission bits that were asked for, whatever the umask', async () => {
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

  it('is not found through a symbolic link', () => {
    const [target] = verbatim()
    const [name, path] = verbatim()
    using _memory = SharedMemory.create(target, 64)
    symlinkSync(pathOf(target), path)
    expect(failure(() => SharedMemory.open(name))).toMatchObject({
      code: 'ACCESS_DENIED',
      osCode: constants.errno.ELOOP,
    })
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
    expect(failure(() => SharedMemory.createOrOpen(name, 64)).code).toBe('ACCESS_DENIED')
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(SharedMemory.list().map((entry) => entry.objectName)).not.toContain(name)
  })

  it('is not found under the name of a folder or a pipe: NOT_SHARED_MEMORY, at once', () => {
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

  it('of other programs is opened, and survives every close and every failed open', () => {
    const [name, path] = verbatim()
    writeFileSync(path, 'from elsewhere')
    chmodSync(path, 0o644)
    {
      using memory = SharedMemory.open(name)
      expect(Buffer.from(memory.bytes).toString()).toBe('from elsewhere')
      memory.bytes[0] = 0x46
    }
    expect(failure(() => SharedMemory.open(name, { view: { length: 100 } }))).toMatchObject({
      code: 'TOO_SHORT',
      requested: 100,
      available: 14,
    })
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('ALREADY_EXISTS')
    using reader = SharedMemory.open(name, { access: 'read' })
    expect(Buffer.from(reader.bytes).toString()).toBe('From elsewhere')
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

  it('of another program that is still empty is TOO_SHORT, and a wait lasts until it has a length', async () => {
    const [name, path] = verbatim()
    writeFileSync(path, '')
    expect(failure(() => SharedMemory.open(name))).toMatchObject({ code: 'TOO_SHORT', available: 0 })
    await expect(SharedMemory.waitFor(name, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      cause: expect.objectContaining({ code: 'TOO_SHORT' }),
    })
    const waiting = SharedMemory.waitFor(name)
    truncateSync(path, 100)
    using memory = await waiting
    expect(memory.bytes.byteLength).toBe(100)
  })

  it('that is persistent stays until it is unlinked', async () => {
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

  it('that is persistent stays the same for programs that take no lock, however its creator restarts', async () => {
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

  it('without `persistent` is not unlinked while a handle is open', () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 64)
    expect(failure(() => SharedMemory.unlink(name)).code).toBe('IN_USE')
    using again = SharedMemory.open(name)
    expect(again.created).toBe(false)
  })

  it('does not remove a file that took its name', () => {
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

  it('opened for reading ends the process at a write, as documented', async () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 64)
    await using peer = new MemoryPeer()
    const index = await peer.call('open', name, { access: 'read' })
    const { code, signal } = await peer.last('set', index, 0, 1)
    expect(code).toBe(null)
    expect(['SIGSEGV', 'SIGBUS']).toContain(signal) // the second one on macOS
  })

  it('leaves no descriptor, no mapping and no name behind if an open or create fails', () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 4096)
    const descriptors = () => readdirSync('/dev/fd').length
    const names = () => leftovers(`-${process.pid}-`)
    const [descriptorsBefore, namesBefore] = [descriptors(), names()]
    for (let i = 0; i < 100; i++) {
      failure(() => SharedMemory.open(name, { view: { length: 4097 } }))
      failure(() => SharedMemory.open(uniqueName('none')))
      failure(() => SharedMemory.create(name, 64))
      failure(() => SharedMemory.create(uniqueName('none'), 2 ** 46, { view: { length: 1 } }))
      failure(() => SharedMemory.open(name, { view: { offset: 4096 } }))
    }
    expect(descriptors()).toBeLessThanOrEqual(descriptorsBefore) // the runtime may have closed some of its own
    expect(names()).toEqual(namesBefore)
    expect(memory.closed).toBe(false)
  })

  it('is refused with the error of missing descriptors, and not as a name that is taken', async () => {
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

  it('is NOT_READY if a stopped process is about to remove the old memory of its name', async () => {
    const [name, path] = verbatim()
    writeFileSync(path, 'dying')
    chmodSync(path, 0o1600)
    const script = 'open F, $ARGV[0]; flock F, 2; $| = 1; print "locked\n"; sleep 20'
    const remover = spawnChild('perl', ['-e', script, path])
    await remover.line('locked')
    expect(failure(() => SharedMemory.create(name, 64)).code).toBe('NOT_READY')
    expect(failure(() => SharedMemory.open(name)).code).toBe('NOT_FOUND')
    remover[Symbol.dispose]()
    await remover.exit
    using memory = SharedMemory.create(name, 64)
    expect(memory.created).toBe(true)
  })

  it('is held by a stopped process, too', async () => {
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

  it('is not kept by a child that outlives its parent', async () => {
    const name = uniqueName('memlane')
    const memory = SharedMemory.create(name, 64)
    using child = spawnChild('sleep', ['20'])
    memory.close()
    expect(existsSync(pathOf(memory.objectName))).toBe(false)
    child.kill('SIGKILL')
  })
})
