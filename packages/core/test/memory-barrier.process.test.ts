import { setImmediate } from 'node:timers/promises'
import { type FixtureOptions, spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { capabilities, memoryBarrier, publishesPlainly, SharedMemory } from '../src/index.js'

const child = (args: string[], options: FixtureOptions) =>
  spawnFixture(new URL('../fixtures/barrier.child.ts', import.meta.url), args, options)

async function toldWith(setting: string | undefined): Promise<unknown> {
  using told = child([], { env: { MEMLANE_MEMBARRIER: setting } })
  const { code, signal, stdout } = await told.exit
  expect({ code, signal }).toEqual({ code: 0, signal: null })
  return JSON.parse(stdout)
}

describe('a memory barrier', () => {
  it('reaches this process if stores keep their order and the system has one', () => {
    expect(publishesPlainly).toBe(capabilities.reachesOthersByBarrier && capabilities.storesInOrder)
    expect(memoryBarrier()).toBe(true)
  })

  it('is available to every thread, and to none if it is switched off', async () => {
    expect(await toldWith(undefined)).toEqual([
      [publishesPlainly, true],
      [publishesPlainly, true],
    ])
    expect(await toldWith('off')).toEqual([
      [false, false],
      [false, false],
    ])
  })

  // Each side stores its word, then loads the other's. If both missed the other, one would sleep for ever.
  it.each([undefined, 'off'])(
    'never lets two sides miss each other, with MEMLANE_MEMBARRIER=%s on one side',
    async (setting) => {
      const rounds = 3_000_000
      using memory = SharedMemory.create(uniqueName('memlane'), (64 + rounds + 1) * 4)
      using other = child([memory.name, String(rounds)], { env: { MEMLANE_MEMBARRIER: setting } })
      await other.line('ready')
      const words = new Int32Array(memory.buffer)
      const seen: number[] = []
      let ordered = true
      other.write('x')
      await setImmediate() // Bun writes to the child only in the event loop
      do {
        Atomics.store(words, 32, seen.length + 1)
        ordered &&= memoryBarrier()
        seen.push(Atomics.load(words, 0))
      } while (seen.at(-1) !== rounds)
      expect(await other.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
      expect(ordered).toBe(true)
      const missed = seen.filter((number, index) => number < rounds && (words[64 + number + 1] as number) < index + 1)
      expect(missed).toEqual([])
    },
  )
})
