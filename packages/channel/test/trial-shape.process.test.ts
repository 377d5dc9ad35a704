import { u32 } from '@memlane/protocol'
import { codecOf, streamShape } from '@memlane/protocol/internal'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { createTrial, openTrial, Setter, Watcher } from '../fixtures/trial-shape.js'
import { Channel, createStreamChannel } from '../src/index.js'

const spawnSetter = (name: string) =>
  spawnFixture(new URL('../fixtures/trial-setter.child.ts', import.meta.url), [name])

describe('a shape of its own, built on the general channel', () => {
  it.each(['adaptive', 'park', 'spin'] as const)(
    'wakes a watcher when another process sets a word, %s',
    async (strategy) => {
      const name = uniqueName('trial')
      using channel = createTrial(name, { setters: 2, watchers: 2 })
      const watcher = new Watcher(openTrial(name), strategy)
      using child = spawnSetter(name)
      expect(await watcher.changed()).toBe(true)
      expect(watcher.look()).toEqual([0, undefined])
      for (const value of [7, 8, 9]) {
        const changed = watcher.changed()
        child.write(`${value}\n`)
        expect(await changed).toBe(true)
        expect(watcher.look()).toEqual([value, undefined])
      }
      expect(await watcher.changed({ timeoutMs: 20 })).toBe(false)
      child.write('close\n')
      expect(await watcher.changed()).toBe(true)
      expect(watcher.look()).toEqual(['closed', undefined])
      watcher.close()
      expect(channel.closed).toBe(false)
    },
  )

  it('tells a sleeping watcher that a setter was killed, and gives its slot to the next one', async () => {
    const name = uniqueName('trial')
    using channel = createTrial(name, { setters: 1, watchers: 1 })
    const watcher = new Watcher(openTrial(name), 'park')
    using child = spawnSetter(name)
    await child.line(/open/)
    do await watcher.changed()
    while (watcher.look()[0] !== 0)
    const changed = watcher.changed()
    child.kill('SIGKILL')
    expect(await changed).toBe(true)
    expect(watcher.look()).toEqual(['died'])
    const next = new Setter(openTrial(name))
    next.set(5)
    expect(watcher.look()).toEqual([5])
    expect(() => new Setter(openTrial(name))).toThrow(`Trial "${name}": no setter slot is free: setters is 1.`)
    next.close()
    watcher.close()
    channel.close()
  })

  it('is not opened as a stream, nor is a stream opened as this shape, and the errors say what each is', () => {
    const name = uniqueName('trial')
    using _channel = createTrial(name, { setters: 1, watchers: 1 })
    const refusal = (message: string) =>
      expect.objectContaining({ code: 'NOT_A_CHANNEL', message: expect.stringContaining(message) })
    expect(() => Channel.open(streamShape, name, codecOf(u32))).toThrow(
      refusal('it is a channel of a shape that this version does not know (1953655137), no stream'),
    )
    using stream = createStreamChannel(uniqueName('stream'), codecOf(u32), { capacity: 65_536 })
    expect(() => openTrial(stream.name)).toThrow(refusal('it is a stream, no trial'))
  })
})
