import { setTimeout } from 'node:timers/promises'
import { capabilities, SharedMemory } from '@memlane/core'
import { createLatest } from '@memlane/producer'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { LatestPeer } from '@memlane/testing/latest-peer'
import { isWhole, Numbered, numbered } from '@memlane/testing/numbered-message'
import { describe, expect, it } from 'vitest'
import { openLatest } from '../src/index.js'

const value = (number: number) => numbered(1, number - 1, 0, number)

describe('a latest of two processes', () => {
  it.each(['set', 'update', 'fill'])('shows whole values only, while the writer calls %s at full rate', async (how) => {
    await using writer = new LatestPeer()
    await using reader = new LatestPeer()
    const name = uniqueName('latest')
    await writer.call('create', name)
    await reader.call('open', name)
    const running = writer.call('run', how)
    const { torn, back, last } = await reader.call('check', 200_000)
    expect({ torn, back }).toEqual({ torn: 0, back: 0 })
    await writer.call('stop')
    const version = await running
    expect(version).toBeGreaterThanOrEqual(last)
    expect(await reader.call('state')).toMatchObject({ value: { number: version }, version, writer: 'alive' })
  })

  it('shows whole values to readers that may only read', async () => {
    await using writer = new LatestPeer()
    await using reader = new LatestPeer()
    const name = uniqueName('latest')
    await writer.call('create', name)
    await reader.call('open', name, { access: 'read' })
    const running = writer.call('run')
    expect(await reader.call('check', 100_000)).toMatchObject({ torn: 0, back: 0 })
    await writer.call('stop')
    const version = await running
    await reader.call('state')
    const waiting = reader.call('wait', { since: version })
    await writer.call('set')
    expect(await waiting).toBe(true)
    const dying = reader.call('wait', { since: version + 1 })
    await writer.kill()
    expect(await dying).toBe(false)
    expect(await reader.call('state')).toMatchObject({ version: version + 1, writer: 'died' })
  })

  it.each(['adaptive', 'park', 'spin'] as const)(
    'wakes readers that wait, in the event loop and blocking, %s',
    async (waitStrategy) => {
      await using writer = new LatestPeer()
      await using blocked = new LatestPeer()
      const name = uniqueName('latest')
      await writer.call('create', name)
      await blocked.call('open', name, { waitStrategy })
      using reader = await openLatest(name, Numbered, { waitStrategy })
      for (const version of [1, 2, 3]) {
        const waits = [reader.wait(), blocked.call('waitSync', { since: version - 1 })]
        await setTimeout(version * 10)
        expect(await writer.call('set')).toBe(version)
        expect(await Promise.all(waits)).toEqual([true, true])
        expect(reader.get()?.number).toBe(version)
      }
    },
  )

  it('counts every value of a writer at full rate, taken or skipped', async () => {
    await using writer = new LatestPeer()
    const name = uniqueName('latest')
    await writer.call('create', name)
    await writer.call('set')
    await using reader = new LatestPeer()
    await reader.call('open', name)
    const changes = reader.call('changes')
    const running = writer.call('run')
    await setTimeout(200)
    await writer.call('stop')
    const version = await running
    await writer.call('closeWriter')
    const { torn, all, first, last, writer: state } = await changes
    expect({ torn, last, state }).toEqual({ torn: 0, last: version, state: 'closed' })
    expect(all).toBe(last - first + 1)
  })
})

describe('when its writer is killed,', () => {
  it.each([
    ['dieInUpdate', 5],
    ['dieInSet', 5],
  ])('the old value stays readable, %s', async (verb, version) => {
    await using writer = new LatestPeer()
    const name = uniqueName('latest')
    const { pid } = await writer.call('create', name)
    await writer.call('set', 'set', version)
    using reader = await openLatest(name, Numbered)
    const ended = reader.wait({ since: version })
    const { code, signal } = await writer.last(verb)
    expect([code, signal]).toEqual(capabilities.namespace === 'windows' ? [1, null] : [null, 'SIGKILL'])
    expect(await ended).toBe(false)
    expect([reader.writer, reader.version, reader.get()]).toEqual([
      'died',
      version,
      numbered(pid, version - 1, 0, version),
    ])
    expect(await reader.changes().next()).toMatchObject({ value: { version } })
    using next = createLatest(name, Numbered)
    expect([next.version, reader.writer]).toEqual([version, 'alive'])
    next.set(value(version + 1))
    expect([reader.version, reader.get()]).toEqual([version + 1, value(version + 1)])
  })

  it.each(['before', 'after'])(
    '%s a value becomes visible, readers have the old or the new one, and learn of it',
    async (when) => {
      for (const calls of [1, 2, 3, 4, 5]) {
        await using writer = new LatestPeer()
        const name = uniqueName('latest')
        await writer.call('create', name)
        using reader = await openLatest(name, Numbered, { waitStrategy: 'park' })
        await writer.call('dieAtPublish', when, calls)
        await writer.last('set', 'set', calls)
        const version = when === 'before' ? calls - 1 : calls
        while (await reader.wait()) reader.get()
        expect([reader.writer, reader.version]).toEqual(['died', version])
        const seen = reader.get()
        expect(seen === undefined ? 0 : isWhole(seen) && seen.number).toBe(version)
      }
    },
  )

  it('a waiting reader goes on with the next writer if it wants to', async () => {
    const name = uniqueName('latest')
    await using first = new LatestPeer()
    await first.call('create', name)
    await first.call('set')
    using patient = await openLatest(name, Numbered, { endOn: 'closed', waitStrategy: 'park' })
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const { version, skipped } of patient.changes()) seen.push([version, skipped])
    })()
    while (seen.length < 1) await setTimeout(5)
    await first.kill()
    await using second = new LatestPeer()
    expect(await second.call('create', name)).toMatchObject({ version: 1, value: { number: 1 } })
    await second.call('set')
    while (seen.length < 2) await setTimeout(5)
    await second.kill()
    await using third = new LatestPeer()
    await third.call('create', name)
    await third.call('closeWriter')
    await reading
    expect([seen, patient.writer]).toEqual([
      [
        [1, 0],
        [2, 0],
      ],
      'closed',
    ])
  })

  it('nothing is left once the last reader is gone', async () => {
    const name = uniqueName('latest')
    await using writer = new LatestPeer()
    await writer.call('create', name)
    const reader = await openLatest(name, Numbered)
    await writer.kill()
    reader.close()
    expect(() => SharedMemory.open(name)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })
})

describe('a second writer', () => {
  it('is refused with the process id of the first one, even if that one is stopped', async () => {
    await using first = new LatestPeer()
    await using second = new LatestPeer()
    const name = uniqueName('latest')
    const { pid } = await first.call('create', name)
    if (capabilities.namespace === 'posix') first.child.kill('SIGSTOP')
    const refused = await second.call('create', name).catch((error) => error)
    expect(refused).toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(refused.message).toMatch(
      capabilities.tellsHolders ? `process ${pid} (writer slot 0)` : /it has a writer already/,
    )
    if (capabilities.namespace === 'posix') first.child.kill('SIGCONT')
    expect(await first.call('set')).toBe(1)
  })

  it('is one of two that try at the same time', async () => {
    const name = uniqueName('latest')
    await using first = new LatestPeer()
    await using second = new LatestPeer()
    const outcomes = await Promise.all(
      [first, second].map((peer) =>
        peer.call('create', name).then(
          () => 'writer',
          ({ code }) => code,
        ),
      ),
    )
    expect(outcomes.sort()).toEqual(['ALREADY_EXISTS', 'writer'])
  })
})

describe('when readers are killed,', () => {
  it('the writer goes on, and their slots and marks become free', async () => {
    using writer = createLatest(uniqueName('latest'), Numbered, { maxReaders: 1 })
    using memory = SharedMemory.open(writer.name)
    const sleepingReaders = () => new Int32Array(memory.buffer)[128 / 4]
    for (let round = 0; round < 3; round++) {
      await using reader = new LatestPeer()
      await reader.call('open', writer.name, { waitStrategy: 'park' })
      void reader.call('wait', { since: writer.version })
      while (sleepingReaders() === 0) await setTimeout(1)
      await reader.kill()
      const before = writer.version
      for (let number = before + 1; number <= before + 3000; number++) writer.set(value(number))
      expect(sleepingReaders()).toBe(0)
      using next = await openLatest(writer.name, Numbered)
      expect(next.version).toBe(before + 3000)
      const waiting = next.wait({ since: before + 3000 })
      writer.set(value(before + 3001))
      expect(await waiting).toBe(true)
    }
  })
})

describe('worker threads', () => {
  it('write and read a latest, and their end is noticed', async () => {
    using child = spawnFixture(new URL('../fixtures/latest-workers.child.ts', import.meta.url), [uniqueName('latest')])
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ torn: 0, woken: true, terminated: 'died', version: true })
  })
})

describe('a process that waits for a value', () => {
  it.each(['adaptive', 'park', 'spin'] as const)(
    'ends after unref, and otherwise keeps running, %s',
    async (waitStrategy) => {
      using writer = createLatest(uniqueName('latest'), Numbered)
      const fixture = new URL('../fixtures/latest-waiter.child.ts', import.meta.url)
      using unreferenced = spawnFixture(fixture, [writer.name, waitStrategy, 'unref'])
      expect(await unreferenced.exit).toMatchObject({ code: 0, stdout: 'waiting\n', stderr: '' })
      using referenced = spawnFixture(fixture, [writer.name, waitStrategy, 'ref'])
      await referenced.line('waiting')
      await setTimeout(100)
      writer.set(value(1))
      expect(await referenced.exit).toMatchObject({ code: 0, stdout: 'waiting\n1\n', stderr: '' })
    },
  )
})
