import { readdirSync } from 'node:fs'
import { spawnChild, spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { capabilities, SharedMemory } from '../src/index.js'

describe('waiting', () => {
  it.each(['before', 'after'])('ends although fake timers were installed %s core was loaded', async (when) => {
    const url = new URL('../fixtures/fake-timers.child.ts', import.meta.url)
    using child = spawnFixture(url, [uniqueName('memlane'), when])
    const stdout = 'TIMED_OUT\nfalse\nclosed\n'
    expect(await child.exit).toEqual({ code: 0, signal: null, stderr: '', stdout })
  })

  it('works in a context of node:vm, in which jest runs tests, and so does using', async () => {
    const url = new URL('../fixtures/vm-context.child.ts', import.meta.url)
    const env = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' }
    using child = spawnFixture(url, [uniqueName('memlane')], { env })
    const stdout = 'TIMED_OUT\nclosed\ntrue\n'
    expect(await child.exit).toEqual({ code: 0, signal: null, stderr: '', stdout })
  })
})

describe('waiting for a name', () => {
  it('keeps the process running, unless ref is false', async () => {
    for (const [options, said] of [
      [{ timeoutMs: 300 }, 'TIMED_OUT'],
      [{ timeoutMs: 300, ref: false }, ''],
      [{ ref: false }, ''],
    ] as const) {
      const script = `import(${JSON.stringify(import.meta.resolve('@memlane/core'))}).then(({ SharedMemory }) => {
        SharedMemory.waitFor(${JSON.stringify(uniqueName('memlane'))}, ${JSON.stringify(options)})
          .catch((error) => console.log(error.code))
      })`
      const { code, signal, stdout } = await spawnChild(process.execPath, ['-e', script]).exit
      expect([code, signal, stdout.trim()]).toEqual([0, null, said])
    }
  })

  it('leaves nothing behind after an abort, a timeout or a success', async () => {
    const descriptors = () => (capabilities.namespace === 'posix' ? readdirSync('/dev/fd').length : 0)
    const name = uniqueName('memlane')
    await SharedMemory.waitFor(name, { timeoutMs: 1 }).catch(() => {}) // what the first watch of a process opens stays
    const before = descriptors()
    const abort = new AbortController()
    const waits = Array.from({ length: 10 }, () => SharedMemory.waitFor(name, { signal: abort.signal }))
    const ended = Promise.allSettled(waits)
    abort.abort(new Error('enough'))
    expect((await ended).every(({ status }) => status === 'rejected')).toBe(true)
    for (let i = 0; i < 10; i++) await SharedMemory.waitFor(name, { timeoutMs: 1 }).catch(() => {})
    const found = SharedMemory.waitFor(name)
    SharedMemory.create(name, 64).close()
    using memory = SharedMemory.create(name, 64)
    ;(await found).close()
    memory.close()
    await new Promise(setImmediate)
    expect(descriptors()).toBeLessThanOrEqual(before)
  })
})
