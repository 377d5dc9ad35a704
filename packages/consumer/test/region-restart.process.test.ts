import { capabilities, SharedMemory } from '@memlane/core'
import { createRegion, createStream } from '@memlane/producer'
import { at, f64, struct, u32, u64 } from '@memlane/protocol'
import { MUMBLE_LINK_NAME, MumbleLinkLinux, MumbleLinkWindows } from '@memlane/protocol/layouts'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openRegion, openRegionSync } from '../src/index.js'

const Pair = struct('Pair', { seq: u32, a: f64, b: f64 }, { consistency: { sequence: 'seq' } })
const start = (name: string) => spawnFixture(new URL('../fixtures/region-writer.child.ts', import.meta.url), [name])
const code = (code: string) => expect.objectContaining({ code })

describe('a writer that is killed and started again while a reader lives', () => {
  it('continues in the same memory when the same program starts again', async () => {
    const name = uniqueName('memlane')
    const first = start(name)
    await first.line('created')
    using region = await openRegion(name, Pair)
    expect(() => createRegion(name, Pair)).toThrow(
      expect.objectContaining({
        code: 'ALREADY_EXISTS',
        message: expect.stringMatching(
          capabilities.namespace === 'posix' ? `process ${first.pid} writes it` : 'writes it',
        ),
      }),
    )
    let last = 0
    for (let kills = 0; kills < 3; kills++) {
      const writer = kills === 0 ? first : start(name)
      if (kills > 0) await writer.line('took over')
      while (region.view.a <= last + 5) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        region.refresh()
      }
      writer.kill('SIGKILL')
      await writer.exit
      region.refresh()
      expect(region.view.a).toBeGreaterThan(last)
      last = region.view.a
    }
    using heir = createRegion(name, Pair)
    heir.update((pair) => {
      pair.b = pair.a
    })
    expect(region.snapshot()).toEqual({ seq: expect.any(Number), a: last, b: last })
  })
})

describe('openRegion', () => {
  it('refuses the memory of a stream, whatever the layout', async () => {
    const name = uniqueName('memlane')
    using _writer = createStream(name, u32)
    const wide = struct('Wide', { last: at(1000, u64) })
    for (const layout of [u32, Pair, wide]) {
      await expect(openRegion(name, layout)).rejects.toEqual(code('NOT_A_REGION'))
      expect(() => openRegionSync(name, layout)).toThrow(code('NOT_A_REGION'))
    }
  })

  it('checks the layout if both sides ask for it', async () => {
    const name = uniqueName('memlane')
    using _writer = createRegion(name, Pair, { checkLayout: true, value: { a: 1, b: 2 } })
    using reader = await openRegion(name, Pair, { checkLayout: true })
    expect(reader.read().b).toBe(2)
    const Swapped = struct('Pair', { seq: u32, b: f64, a: f64 }, { consistency: { sequence: 'seq' } })
    await expect(openRegion(name, Swapped, { checkLayout: true })).rejects.toEqual(code('SCHEMA_MISMATCH'))
    expect(() => openRegionSync(name, u32, { checkLayout: true })).toThrow(code('SCHEMA_MISMATCH'))
    const plain = uniqueName('memlane')
    using _unmarked = createRegion(plain, Pair, { length: 100 })
    expect(() => openRegionSync(plain, Pair, { checkLayout: true })).toThrow(/did not use checkLayout/)
  })

  it('refuses unknown options and options of the wrong type', async () => {
    const name = uniqueName('memlane')
    await expect(openRegion(name, u32, { timeout: 5 } as object)).rejects.toThrow(/Did you mean "timeoutMs"/)
    await expect(openRegion(name, u32, { timeoutMs: '5' } as object)).rejects.toThrow(TypeError)
    expect(() => openRegionSync(name, u32, { timeoutMs: 5 } as object)).toThrow(TypeError)
  })
})

describe.runIf(capabilities.persistent)('memory for programs without memlane', () => {
  it('stays the same when the writer of MumbleLink starts again, so that its readers see the new data', () => {
    const Mumble = capabilities.wcharLength === 4 ? MumbleLinkLinux : MumbleLinkWindows
    const name = `${MUMBLE_LINK_NAME}-${uniqueName('memlane')}`
    try {
      const game = createRegion(name, Mumble)
      using reader = SharedMemory.open(name, { access: 'read' })
      game.view.uiTick = 1
      game.close()
      using again = createRegion(name, Mumble)
      expect(again.memory.created).toBe(false)
      again.view.uiTick = 2
      expect(Mumble.readonlyView(reader.buffer).uiTick).toBe(2)
    } finally {
      SharedMemory.unlink(name)
    }
  })
})
