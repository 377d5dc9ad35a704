import { existsSync } from 'node:fs'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { capabilities, SharedMemory, SharedMemoryError } from '../src/index.js'

function failure(call: () => unknown): SharedMemoryError {
  try {
    call()
  } catch (error) {
    if (error instanceof SharedMemoryError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('shared memory', () => {
  it('is shared by all that open it by name, and begins as zeros', () => {
    const name = uniqueName('memlane')
    using first = SharedMemory.create(name, 256)
    using second = SharedMemory.open(name)
    expect([...first.bytes]).toEqual(new Array(256).fill(0))
    first.bytes[255] = 7
    expect(second.bytes[255]).toBe(7)
    expect(first).toMatchObject({ name, created: true, access: 'readwrite', objectLength: 256, closed: false })
    expect(second.created).toBe(false)
    expect(second.objectLength).toBe(capabilities.exactLength ? 256 : 4096)
    expect(second.bytes.byteLength).toBe(second.objectLength)
  })

  for (const prefix of ['', 'Local\\', 'Global\\']) {
    it(`works under a name with the prefix "${prefix}"`, () => {
      const name = prefix + uniqueName('memlane')
      using first = SharedMemory.create(name, 16)
      using second = SharedMemory.open(name)
      first.bytes[0] = 1
      expect(second.bytes[0]).toBe(1)
    })
  }

  it('with and without Global\\ is not the same', () => {
    const name = uniqueName('memlane')
    using _local = SharedMemory.create(name, 16)
    expect(failure(() => SharedMemory.open(`Global\\${name}`)).code).toBe('NOT_FOUND')
    using same = SharedMemory.open(`Local\\${name}`)
    expect(same.created).toBe(false)
  })

  it('is created exclusively', () => {
    const name = uniqueName('memlane')
    using _first = SharedMemory.create(name, 16)
    const error = failure(() => SharedMemory.create(name, 16))
    expect(error.code).toBe('ALREADY_EXISTS')
    expect(error.osCode).toBe(capabilities.namespace === 'windows' ? 183 : 17)
    expect(error.syscall).toBe(capabilities.namespace === 'windows' ? 'CreateFileMappingW' : 'open')
    expect(error.message).toContain(`"${name}"`)
  })

  it('is opened or created by createOrOpen', () => {
    const name = uniqueName('memlane')
    using first = SharedMemory.createOrOpen(name, 16)
    using second = SharedMemory.createOrOpen(name, 16)
    expect([first.created, second.created]).toEqual([true, false])
    expect(second.bytes.byteLength).toBe(16)
    const error = failure(() => SharedMemory.createOrOpen(name, 5000))
    expect(error).toMatchObject({ code: 'TOO_SHORT', requested: 5000, available: capabilities.exactLength ? 16 : 4096 })
  })

  it('shorter than createOrOpen needs is TOO_SHORT, whatever part is mapped', () => {
    const name = uniqueName('memlane')
    using _first = SharedMemory.create(name, 16)
    expect(failure(() => SharedMemory.createOrOpen(name, 5000, { view: { length: 8 } }))).toMatchObject({
      code: 'TOO_SHORT',
      requested: 5000,
    })
  })

  it('without a holder is NOT_FOUND, with the call and error number of the system', () => {
    const error = failure(() => SharedMemory.open(uniqueName('memlane')))
    expect(error).toMatchObject({ name: 'SharedMemoryError', code: 'NOT_FOUND', osCode: 2 })
    expect(error.syscall).toBe(capabilities.namespace === 'windows' ? 'OpenFileMappingW' : 'open')
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.message).toMatch(/Start the process that creates it first/)
  })

  it('is removed with its last handle, and then the name is free again', () => {
    const name = uniqueName('memlane')
    const creator = SharedMemory.create(name, 16)
    const other = SharedMemory.open(name)
    other.bytes[3] = 9
    creator.close()
    using third = SharedMemory.open(name)
    expect(third.bytes[3]).toBe(9)
    other.close()
    third.close()
    expect(existsSync(capabilities.objectPath(creator.objectName) ?? '')).toBe(false)
    expect(failure(() => SharedMemory.open(name)).code).toBe('NOT_FOUND')
    using again = SharedMemory.create(name, 32)
    expect(again.bytes[3]).toBe(0)
  })

  it('closes idempotently and by `using`, after which every view over it is empty', () => {
    const name = uniqueName('memlane')
    const memory = SharedMemory.create(name, 64)
    const words = new Int32Array(memory.buffer)
    const view = new DataView(memory.buffer)
    words[0] = 5
    memory.close()
    memory.close()
    memory[Symbol.dispose]()
    expect(memory.closed).toBe(true)
    expect([words.length, words[0], memory.bytes[0], memory.buffer.byteLength]).toEqual([0, undefined, undefined, 0])
    words[0] = 6
    expect(() => view.getInt32(0)).toThrow(TypeError)
    expect(() => Atomics.load(words, 0)).toThrow()
  })

  it('is filled by `initialize` before it can be found, and is gone if that throws', () => {
    const name = uniqueName('memlane')
    using memory = SharedMemory.create(name, 16, {
      initialize: (buffer) => {
        new Uint8Array(buffer)[0] = 42
        if (capabilities.namespace === 'posix') expect(failure(() => SharedMemory.open(name)).code).toBe('NOT_FOUND')
      },
    })
    using reader = SharedMemory.open(name)
    expect([memory.bytes[0], reader.bytes[0]]).toEqual([42, 42])

    const other = uniqueName('memlane')
    const refuse = () => {
      throw new Error('not today')
    }
    expect(() => SharedMemory.create(other, 16, { initialize: refuse })).toThrow('not today')
    expect(failure(() => SharedMemory.open(other)).code).toBe('NOT_FOUND')
    expect(() => SharedMemory.create(other, 16, { access: 'read', initialize: () => {} })).toThrow(TypeError)
  })

  it('opened for reading shows what others write', () => {
    const name = uniqueName('memlane')
    using writer = SharedMemory.create(name, 16)
    using reader = SharedMemory.open(name, { access: 'read' })
    writer.bytes[1] = 3
    expect(reader.bytes[1]).toBe(3)
    expect(reader.access).toBe('read')
  })

  it('opened as a copy keeps its own writes private', () => {
    const name = uniqueName('memlane')
    using writer = SharedMemory.create(name, 8192)
    using copy = SharedMemory.open(name, { access: 'copy' })
    writer.bytes[0] = 1
    writer.bytes[4096] = 1
    expect([copy.bytes[0], copy.bytes[4096]]).toEqual([1, 1])
    copy.bytes[0] = 2
    expect(writer.bytes[0]).toBe(1)
    writer.bytes[1] = 9
    writer.bytes[4097] = 9
    expect([copy.bytes[1], copy.bytes[4097]]).toEqual([0, 9])
  })

  it('can be mapped in part, from any multiple of 8', () => {
    const name = uniqueName('memlane')
    using whole = SharedMemory.create(name, 200_000)
    for (let i = 0; i < whole.bytes.length; i++) whole.bytes[i] = i % 251
    for (const [offset, length] of [
      [0, 1],
      [8, 100],
      [4096, 4096],
      [65_536, 70_000],
      [65_544, 3],
      [199_992, 8],
    ] as const) {
      using part = SharedMemory.open(name, { view: { offset, length } })
      expect(part.bytes.byteLength).toBe(length)
      expect([...part.bytes.subarray(0, 64)]).toEqual([...whole.bytes.subarray(offset, offset + Math.min(length, 64))])
      part.bytes[length - 1] = 255
      expect(whole.bytes[offset + length - 1]).toBe(255)
    }
    using tail = SharedMemory.open(name, { view: { offset: 199_992 } })
    expect(tail.bytes.byteLength).toBe(capabilities.exactLength ? 8 : 200_704 - 199_992)
    using part = SharedMemory.create(uniqueName('memlane'), 200_000, { view: { offset: 65_536, length: 10 } })
    expect([part.objectLength, part.bytes.byteLength]).toEqual([200_000, 10])
  })

  it('refuses a view that reaches beyond the end', () => {
    const name = uniqueName('memlane')
    using _memory = SharedMemory.create(name, 4096)
    for (const view of [
      { length: 4097 },
      { length: 2 ** 32 + 10 },
      { offset: 8, length: 4096 },
      { offset: 8192, length: 8 },
      { offset: 2 ** 40 },
    ]) {
      if ((view.length ?? 0) > capabilities.maxViewLength) {
        expect(() => SharedMemory.open(name, { view })).toThrow(RangeError)
      } else {
        expect(failure(() => SharedMemory.open(name, { view }))).toMatchObject({ code: 'TOO_SHORT', available: 4096 })
      }
    }
  })

  it('created with a view beyond its end is refused, naming both', () => {
    for (const view of [{ offset: 64, length: 4 }, { offset: 64 }, { length: 65 }]) {
      const end = (view.offset ?? 0) + (view.length ?? 1)
      expect(() => SharedMemory.create(uniqueName('memlane'), 64, { view })).toThrow(
        new RangeError(`The view ends at byte ${end}, but the memory has 64 bytes`),
      )
    }
  })

  it('refuses values that are no numbers or out of range, naming them', () => {
    const name = uniqueName('memlane')
    for (const length of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => SharedMemory.create(name, length)).toThrow(RangeError)
      expect(() => SharedMemory.createOrOpen(name, length)).toThrow(String(length))
      expect(() => SharedMemory.open(name, { view: { length } })).toThrow(RangeError)
    }
    expect(() => SharedMemory.create(name, '16' as never)).toThrow(TypeError)
    expect(() => SharedMemory.open(name, { view: { offset: 4 } })).toThrow('view.offset 4 is not a multiple of 8')
    expect(() => SharedMemory.open(name, { view: { offset: -8 } })).toThrow(RangeError)
    expect(() => SharedMemory.open(name, { access: 'write' as never })).toThrow(TypeError)
    expect(() => SharedMemory.create(name, 16, { mode: 0o1000 })).toThrow('mode 0o1000')
    expect(() => SharedMemory.create(name, 16, { mode: 0o200 })).toThrow("the owner's right to read")
    expect(() => SharedMemory.open(name, { trustOwner: 7 as never })).toThrow(TypeError)
    for (const wrong of [
      { securityDescriptor: 5 },
      { securityDescriptor: null },
      { persistent: 'no' },
      { initialize: 1 },
    ]) {
      expect(() => SharedMemory.create(name, 16, wrong as never)).toThrow(TypeError)
    }
    expect(() => SharedMemory.create(name, 16, { initialize: (async () => {}) as () => void })).toThrow(TypeError)
    expect(failure(() => SharedMemory.open(name)).code).toBe('NOT_FOUND')
  })

  it('refuses options of the wrong type, and unknown ones, naming the nearest', async () => {
    const name = uniqueName('memlane')
    const wrong = [
      [{ mode: '0600' }, 'mode must be a number such as 0o600, not "0600"'],
      [{ view: 64 }, 'the options of view must be an object, not 64'],
      [{ view: { size: 64 } }, 'view has no option "size". It has offset, length.'],
      [{ persistant: true }, 'SharedMemory.create has no option "persistant". Did you mean "persistent"?'],
      [{ access: 'readonly' }, 'access must be "readwrite", "read" or "copy", not "readonly"'],
    ] as const
    for (const [options, message] of wrong) {
      expect(() => SharedMemory.create(name, 64, options as never)).toThrow(new TypeError(message))
    }
    expect(() => SharedMemory.open(name, { trustOwners: true } as never)).toThrow('Did you mean "trustOwner"?')
    expect(() => SharedMemory.createOrOpen(name, 64, { timeoutMs: 5 } as never)).toThrow(TypeError)
    await expect(SharedMemory.waitFor(name, { timeoutMs: '5' } as never)).rejects.toThrow(TypeError)
    await expect(SharedMemory.waitFor(name, { timeout: 5 } as never)).rejects.toThrow('Did you mean "timeoutMs"?')
  })

  it('larger than the machine is NO_SPACE, with the bytes asked for and free', () => {
    const name = uniqueName('memlane')
    const error = failure(() => SharedMemory.create(name, 2 ** 46, { view: { length: 4096 } }))
    expect(error).toMatchObject({ code: 'NO_SPACE', requested: 2 ** 46 })
    expect(error.available).toBeGreaterThan(0)
    expect(error.message).toContain(`${2 ** 46} bytes asked for, ${error.available} bytes free`)
    expect(failure(() => SharedMemory.open(name)).code).toBe('NOT_FOUND')
  })

  it('is listed while it is there', () => {
    const name = uniqueName('memlane')
    const find = () => SharedMemory.list().find((entry) => entry.name === name)
    const memory = SharedMemory.create(name, 100)
    const second = SharedMemory.open(name)
    const known = { name, objectName: memory.objectName, lifetime: 'handles' }
    if (capabilities.permissions === 'mode') {
      const owner = String(process.getuid?.())
      const holders = capabilities.tellsHolders ? { holders: 2, pids: [process.pid] } : { pids: [] }
      expect(find()).toEqual({ ...known, length: 100, owner, mode: 0o600, ...holders })
    } else {
      expect(find()).toEqual({ ...known, pids: [] }) // the rest would need a handle, which would count
    }
    second.close()
    memory.close()
    expect(find()).toBeUndefined()
  })

  it.skipIf(capabilities.persistent)('has no unlink if memory always goes with its last handle', () => {
    const name = uniqueName('memlane')
    expect(failure(() => SharedMemory.unlink(name)).code).toBe('NOT_SUPPORTED')
    expect(failure(() => SharedMemory.create(name, 16, { persistent: true })).code).toBe('NOT_SUPPORTED')
  })

  it('can be waited for', async () => {
    const name = uniqueName('memlane')
    const waiting = SharedMemory.waitFor(name)
    await new Promise((resolve) => setTimeout(resolve, 20))
    using memory = SharedMemory.create(name, 16, { initialize: (buffer) => new Uint8Array(buffer).fill(8) })
    using opened = await waiting
    expect([opened.created, opened.name]).toEqual([false, memory.name])
    using again = await SharedMemory.waitFor(name, { timeoutMs: 0 })
    expect(again.created).toBe(false)
  })

  it('says TIMED_OUT after its timeout, and the reason if it is aborted', async () => {
    const name = uniqueName('memlane')
    for (const timeoutMs of [0, 30]) {
      await expect(SharedMemory.waitFor(name, { timeoutMs })).rejects.toMatchObject({
        code: 'TIMED_OUT',
        osCode: 2,
        message: expect.stringContaining(`Waited ${timeoutMs} ms for shared memory "${name}"`),
        cause: expect.objectContaining({ code: 'NOT_FOUND' }),
      })
    }
    await expect(SharedMemory.waitFor(name, { timeoutMs: -1 })).rejects.toThrow(RangeError)
    await expect(SharedMemory.waitFor('a/b')).rejects.toMatchObject({ code: 'INVALID_NAME' })
    const abort = new AbortController()
    const waiting = SharedMemory.waitFor(name, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(SharedMemory.waitFor(name, { signal: abort.signal })).rejects.toThrow('enough')
  })

  it('is copied if its buffer is posted, and stays mapped', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 16)
    const copy = structuredClone(memory.buffer)
    new Uint8Array(copy)[0] = 1
    expect(memory.bytes[0]).toBe(0)
  })

  it('is copied by read and write, whatever the array claims to be', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 64)
    memory.write(10, Uint8Array.of(1, 2, 3, 4))
    memory.write(14, new Uint16Array([0x605]))
    const target = new DataView(new ArrayBuffer(8), 2, 6)
    memory.read(10, target)
    expect([...new Uint8Array(target.buffer)]).toEqual([0, 0, 1, 2, 3, 4, 5, 6])
    class Liar extends Uint8Array {
      override get byteLength() {
        return 2
      }
    }
    const long = new Liar(1_000_000).fill(7)
    for (const offset of [0, 62]) {
      const refusal = `1000000 bytes at offset ${offset} are not inside a view of 64 bytes`
      expect(() => memory.write(offset, long)).toThrow(new RangeError(refusal))
      expect(() => memory.read(offset, long)).toThrow(new RangeError(refusal))
    }
    expect(long.every((byte) => byte === 7)).toBe(true)
    for (const offset of [-1, 61, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => memory.write(offset, new Uint8Array(4))).toThrow(RangeError)
      expect(() => memory.read(offset, new Uint8Array(4))).toThrow(RangeError)
    }
    memory.read(64, new Uint8Array(0))
    expect(() => memory.read(0, [] as never)).toThrow('expected a typed array or a DataView')
    using reader = SharedMemory.open(memory.name, { access: 'read' })
    expect(() => reader.write(0, new Uint8Array(1))).toThrow('was opened with access "read"')
    reader.close()
    expect(failure(() => reader.read(0, new Uint8Array(1))).code).toBe('CLOSED')
  })
})
