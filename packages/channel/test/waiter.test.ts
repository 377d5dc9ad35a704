import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { capabilities, Doorbell, Lease } from '@memlane/core'
import { now } from '@memlane/core/internal'
import { u32 } from '@memlane/protocol'
import { codecOf, SleepMark, streamShape } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { Bells, Channel, createStreamChannel, type StreamChannel, type WaitCondition, Waiter } from '../src/index.js'

const Count = codecOf(u32)
const SMALL = { capacity: 65_536, maxProducers: 2, maxConsumers: 2 }

describe('a waiter', () => {
  const nothing = { isThere: () => false, watchPeers: () => false }

  function sleepHandle(channel: StreamChannel, index: number) {
    return {
      bell: channel.keep(Doorbell.open(channel.memory, index)),
      mark: SleepMark.of(channel.control.consumers, index),
    }
  }

  it.each(['adaptive', 'park', 'spin'] as const)('is woken by what it waits for, %s', async (strategy) => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const bells = Bells.of(channel, channel.control.consumers)
    const waiter = new Waiter(strategy, sleepHandle(channel, 1))
    let there = false
    const condition = { isThere: () => there, watchPeers: () => false }
    for (let round = 0; round < 5; round++) {
      there = false
      const waiting = waiter.wait(condition)
      await new Promise((resolve) => setTimeout(resolve, round))
      bells.ringSleepers() // without a reason: it continues to wait
      await new Promise((resolve) => setTimeout(resolve, 2))
      there = true
      bells.ringSleepers()
      expect(await waiting).toBe(true)
    }
    expect(channel.control.words[384 / 4]).toBe(0)
    expect(waiter.waitSync(condition)).toBe(true)
    expect(await waiter.wait(nothing, { timeoutMs: 2 })).toBe(false)
    expect(waiter.waitSync(nothing, 2)).toBe(false)
    expect(channel.control.words[384 / 4]).toBe(0)
  })

  it.each(['adaptive', 'park', 'spin'] as const)(
    'without the right to write checks at intervals, %s',
    async (strategy) => {
      const waiter = new Waiter(strategy, undefined)
      let there = false
      setTimeout(() => {
        there = true
      }, 20)
      expect(await waiter.wait({ isThere: () => there, watchPeers: () => false })).toBe(true)
      expect(await waiter.wait(nothing, { timeoutMs: 2 })).toBe(false)
      expect(waiter.waitSync(nothing, 2)).toBe(false)
      const controller = new AbortController()
      setTimeout(() => controller.abort('enough'), 2)
      await expect(waiter.wait(nothing, { signal: controller.signal })).rejects.toBe('enough')
    },
  )

  it.each(['adaptive', 'park', 'spin'] as const)('notices that a peer has died, %s', async (strategy) => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    using other = Channel.open(streamShape, channel.name, Count)
    const waiter = new Waiter(strategy, sleepHandle(channel, 1))
    const lease = Lease.claim(other.memory, 40)
    let over = false
    const condition = {
      isThere: () => over,
      watchPeers: (bell: Doorbell | undefined) => {
        over = bell === undefined ? !Lease.isHeld(channel.memory, 40) : !bell.watch(40)
        return over
      },
    }
    setTimeout(() => lease?.release(), 10)
    expect(await waiter.wait(condition)).toBe(true)
    over = false
    expect(waiter.waitSync(condition)).toBe(true)
  })

  it.each(['watchPeers', 'hasNewPeer'])('lets the event loop run while peers come and go: %s', async (method) => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', sleepHandle(channel, 0))
    let calls = 0
    const condition = { ...nothing, [method]: () => ++calls < 100_000 }
    const controller = new AbortController()
    const waiting = waiter.wait(condition, { signal: controller.signal })
    setImmediate(() => controller.abort('enough'))
    await expect(waiting).rejects.toBe('enough')
    expect(calls).toBeLessThan(100_000)
    expect(channel.control.words[384 / 4]).toBe(0)
  })

  // Without barriers, every participant publishes with a fence, so no mark is missed.
  it.runIf(capabilities.reachesOthersByBarrier)('checks again by itself when no peer rings', async () => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', sleepHandle(channel, 0))
    for (let round = 0; round < 10; round++) {
      // Becomes true after a moment, and false again before the timeout, because there is a check at the timeout anyway.
      const soon = () => {
        const from = performance.now() + round / 2
        return { ...nothing, isThere: () => performance.now() >= from && performance.now() < from + 10_000 }
      }
      expect(await waiter.wait(soon(), { timeoutMs: 15_000 })).toBe(true)
      expect(waiter.waitSync(soon(), 15_000)).toBe(true)
    }
    let there = false
    let becomesThere = false
    const watchPeers = () => {
      // After the last check before the sleep, and before the end of its doze, however busy the machine is.
      if (becomesThere) {
        queueMicrotask(() => {
          there = true
        })
      }
      return false
    }
    const waiting = waiter.wait({ isThere: () => there, watchPeers })
    // Several turns of the event loop: the doze ends in one before the next ring.
    for (let turn = 0; turn < 4; turn++) await sleep(10)
    becomesThere = true
    Bells.of(channel, channel.control.consumers).ringSleepers() // a sleeper without a limit dozes again
    expect(await waiting).toBe(true)
  })

  it.each([-1, Number.NaN, 2 ** 31])('does not wait for %s ms', async (timeoutMs) => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', sleepHandle(channel, 0))
    await expect(waiter.wait(nothing, { timeoutMs })).rejects.toThrow(RangeError)
    expect(() => waiter.waitSync(nothing, timeoutMs)).toThrow(RangeError)
    expect(await waiter.wait(nothing, { timeoutMs: 1 })).toBe(false)
  })

  it('leaves nothing behind when waits are aborted', async () => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const waiters = [new Waiter('spin', sleepHandle(channel, 0)), new Waiter('park', undefined)]
    const pending = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Immediate' || kind === 'Timeout').length
    const [during, after]: [number[], number[]] = [[], []]
    for (let round = 0; round < 10; round++) {
      const before = pending()
      const controller = new AbortController()
      const waits = waiters.map((waiter) => waiter.wait(nothing, { signal: controller.signal }))
      during.push(pending() - before)
      controller.abort('enough')
      after.push(pending() - before)
      for (const wait of waits) await expect(wait).rejects.toBe('enough')
    }
    // Not each: Node.js counts its own finalizers as immediates, and a garbage collection may add some.
    expect(Math.min(...during)).toBe(waiters.length)
    expect(Math.min(...after)).toBe(0)
  })

  // With one CPU, no wait looks.
  describe.runIf(availableParallelism() > 1)('that looks', () => {
    /** How often a look checks a condition that never becomes true. */
    function count(look: (condition: WaitCondition) => unknown): number {
      let checks = 0
      look({ isThere: () => ++checks < 0, watchPeers: () => false })
      return checks
    }

    it('learns separately for waits after a ring', () => {
      using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
      const { consumers } = channel.control
      const bells = Bells.of(channel, consumers)
      const peer = SleepMark.of(consumers, 1)
      const waiter = new Waiter('adaptive', sleepHandle(channel, 0))
      const lookAfterRing = () => {
        peer.set()
        bells.ringSleepers()
        peer.clear()
        return count((condition) => waiter.look(condition))
      }
      for (let wait = 0; wait < 64; wait++) expect(lookAfterRing()).toBeGreaterThan(1)
      expect(lookAfterRing()).toBe(1)
      expect(count((condition) => waiter.look(condition))).toBeGreaterThan(1)
      expect(lookAfterRing()).toBe(1)
    })

    it('does not look if there is no time, if the wait is over, or if each check asks the kernel', async () => {
      using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
      const waiter = new Waiter('adaptive', sleepHandle(channel, 0))
      expect(count((condition) => waiter.look(condition, 0.01))).toBe(1)
      expect(count((condition) => waiter.look({ ...condition, asksKernel: true }))).toBe(1)
      expect(count((condition) => waiter.waitSync(condition, 0))).toBeLessThan(5)
      let waiting: Promise<boolean> | undefined
      expect(
        count((condition) => {
          waiting = waiter.wait(condition, { signal: AbortSignal.abort('enough') })
        }),
      ).toBe(0)
      await expect(waiting).rejects.toBe('enough')
    })

    it.each(['adaptive', 'park', 'spin'] as const)(
      'lets the event loop run while waits end at once, %s',
      async (strategy) => {
        using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
        const waiter = new Waiter(strategy, sleepHandle(channel, 0))
        let checks = 0
        const third = { isThere: () => ++checks % 3 === 0, watchPeers: () => false }
        let timer = false
        setTimeout(() => {
          timer = true
        }, 1)
        const start = now()
        while (!timer && now() - start < 5000) await waiter.wait(third)
        expect(timer).toBe(true)
        timer = false
        setTimeout(() => {
          timer = true
        }, 1)
        while (!timer && now() - start < 10_000) await waiter.wait(nothing, { timeoutMs: 0 })
        expect(timer).toBe(true)
      },
    )
  })

  it('allows one wait at a time', async () => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', sleepHandle(channel, 0))
    const waiting = waiter.wait(nothing, { timeoutMs: 20 })
    await expect(waiter.wait(nothing)).rejects.toThrow(TypeError)
    expect(() => waiter.waitSync(nothing, 1)).toThrow(TypeError)
    expect(await waiting).toBe(false)
  })

  it.each(['adaptive', 'park', 'spin', 'blind'] as const)('takes ref and unref at any moment, %s', async (way) => {
    using channel = createStreamChannel(uniqueName('channel'), Count, SMALL)
    const waiter = way === 'blind' ? new Waiter('park', undefined) : new Waiter(way, sleepHandle(channel, 0))
    const waiting = waiter.wait(nothing, { timeoutMs: 20 })
    for (const ref of [false, true, true, false, false, true]) waiter.setRef(ref)
    let over = false
    const goOn = () => {
      waiter.setRef(false)
      waiter.setRef(true)
      if (!over) setImmediate(goOn)
    }
    goOn() // must not disturb the wait
    expect(await waiting).toBe(false)
    over = true
    waiter.setRef(false)
    waiter.setRef(true)
  })
})
