import { uniqueName } from '@memlane/testing'
import { LatestPeer } from '@memlane/testing/latest-peer'
import { describe, expect, it } from 'vitest'
import { canEmulate, type Machine, on, pairs } from '../fixtures/arm64.js'

const peer = (machine: Machine) => new LatestPeer(on(machine, 'latest-peer'))

describe.runIf(canEmulate).each(pairs)('a latest from %s to %s', (from, to) => {
  // A writer at full rate overtakes an emulated reader again and again: then the reader throws CONTENDED, as it must.
  it.runIf(to === 'x64')(
    'shows whole values only, at full rate, and the newest one in the end',
    { timeout: 300_000 },
    async () => {
      for (const [how, access] of [
        ['set', 'readwrite'],
        ['update', 'read'],
        ['fill', 'readwrite'],
      ]) {
        const name = uniqueName('latest')
        await using writer = peer(from)
        await using reader = peer(to)
        await writer.call('create', name)
        await reader.call('open', name, { access })
        const running = writer.call('run', how)
        expect(await reader.call('check', 50_000)).toMatchObject({ torn: 0, back: 0 })
        await writer.call('stop')
        const version = await running
        expect(await reader.call('state')).toMatchObject({ value: { number: version }, version, writer: 'alive' })
      }
    },
  )

  it.each(['adaptive', 'park'])(
    'wakes readers, and counts each value, %s',
    { timeout: 300_000 },
    async (waitStrategy) => {
      const name = uniqueName('latest')
      await using writer = peer(from)
      await using reader = peer(to)
      await using blocked = peer(to)
      await writer.call('create', name)
      for (const each of [reader, blocked]) await each.call('open', name, { waitStrategy })
      for (let version = 1; version <= 20; version++) {
        const waits = [reader.call('wait', { since: version - 1 }), blocked.call('waitSync', { since: version - 1 })]
        expect(await writer.call('set')).toBe(version)
        expect(await Promise.all(waits)).toEqual([true, true])
      }
      const changes = reader.call('changes')
      await writer.call('set', 'update', 20_000)
      await writer.call('closeWriter')
      expect(await changes).toEqual({
        torn: 0,
        first: expect.any(Number),
        last: 20_020,
        all: expect.any(Number),
        writer: 'closed',
      })
    },
  )

  it('keeps the old value when its writer dies, and goes on with the next writer', { timeout: 300_000 }, async () => {
    const name = uniqueName('latest')
    await using reader = peer(to)
    await using writer = peer(from)
    await writer.call('create', name)
    await reader.call('open', name, { waitStrategy: 'park' })
    await writer.call('set', 'set', 100)
    const end = reader.call('wait', { since: 100 })
    expect(await writer.last('dieInUpdate')).toMatchObject({ signal: 'SIGKILL' })
    expect(await end).toBe(false)
    expect(await reader.call('state')).toMatchObject({ value: { number: 100 }, version: 100, writer: 'died' })

    await using heir = peer(to)
    expect(await heir.call('create', name)).toMatchObject({ version: 100, value: { number: 100 } })
    expect(await heir.call('set', 'fill', 5)).toBe(105)
    expect(await reader.call('state')).toMatchObject({ value: { number: 105 }, version: 105, writer: 'alive' })
  })
})
