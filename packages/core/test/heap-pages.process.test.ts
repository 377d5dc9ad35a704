import { spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { capabilities, SharedMemory } from '../src/index.js'

describe('a view in a heap that admits foreign memory', () => {
  it.skipIf(process.env.MEMLANE_HEAP)('has a buffer of exactly its length', () => {
    using memory = SharedMemory.create(uniqueName('memlane'), 20_000, { view: { offset: 4104, length: 20 } })
    expect([memory.buffer.byteLength, memory.bytes.byteOffset, memory.bytes.length]).toEqual([20, 0, 20])
  })
})

describe.runIf(capabilities.objectDirectory === '/dev/shm')('a view in a heap that admits no foreign memory', () => {
  it('is exact in `bytes`, ends with close, is unmapped when collected, and has a limit', async () => {
    const child = spawnFixture(new URL('../fixtures/heap-pages.child.ts', import.meta.url), [uniqueName('memlane')], {
      env: { MEMLANE_HEAP: 'caged', NODE_OPTIONS: '--expose-gc' },
      // V8 reserves 8 or 10 GiB of addresses for each view. These 4000 GiB have room for some hundred.
      through: ['sh', '-c', `ulimit -v ${4000 * 2 ** 20} && exec "$@"`, 'sh'],
      timeoutMs: 60_000,
    })
    const { code, signal, stdout, stderr } = await child.exit
    expect([code, signal, stderr]).toEqual([0, null, ''])
    expect(JSON.parse(stdout)).toEqual({
      short: { lengths: [20_000, 0], part: [8, 20, 5], private: true, initialized: 20 },
      closed: { lengths: [0, 0, 0], throws: true, mappings: 0 },
      dropped: { before: true, after: 1, intact: true, others: 60, left: 0 },
      limited: {
        isError: true,
        code: 'NO_SPACE',
        syscall: 'WebAssembly.Memory',
        message: expect.stringContaining('about 120 views'),
        holders: 1,
        again: 3,
      },
      left: 0,
    })
  })
})
