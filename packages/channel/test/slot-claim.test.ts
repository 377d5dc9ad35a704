import { u32 } from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { claimSlot, cleanUpIfDead, createStreamChannel } from '../src/index.js'

const make = () =>
  createStreamChannel(uniqueName('slot'), codecOf(u32), { capacity: 65_536, maxProducers: 3, maxConsumers: 2 })
const full = (message: string) => expect.objectContaining({ code: 'FULL', message: expect.stringContaining(message) })

describe('a slot', () => {
  it('is the lowest one that is free', () => {
    using channel = make()
    const { consumers } = channel.control
    const first = claimSlot(channel, consumers)
    expect([first.slot, claimSlot(channel, consumers).slot]).toEqual([0, 1])
    expect(() => claimSlot(channel, consumers)).toThrow(
      full(
        'no consumer slot is free: maxConsumers is 2. They are held by this process (consumer slot 0), this process (consumer ' +
          'slot 1). Create it with a larger maxConsumers, or close a consumer.',
      ),
    )
    first.lease.release()
    expect(claimSlot(channel, consumers).slot).toBe(0)
  })

  it('is a preferred one if nobody holds it', () => {
    using channel = make()
    const { producers } = channel.control
    const prefers = (slot: number) => slot === 2
    expect(claimSlot(channel, producers, { prefers }).slot).toBe(2)
    expect(claimSlot(channel, producers, { prefers }).slot).toBe(0)
  })

  it('is the one asked for, or none', () => {
    using channel = make()
    const { producers } = channel.control
    expect(claimSlot(channel, producers, { only: 1 }).slot).toBe(1)
    expect(() => claimSlot(channel, producers, { only: 1 })).toThrow(full('lane 1 is taken'))
    for (const only of [-1, 3, 0.5]) expect(() => claimSlot(channel, producers, { only })).toThrow(RangeError)
  })

  it('is cleaned up if its holder is dead, and not while its holder lives', () => {
    using channel = make()
    const { consumers } = channel.control
    const { slot, lease } = claimSlot(channel, consumers)
    let cleaned = 0
    const cleanUp = () => {
      cleaned++
      expect(() => claimSlot(channel, consumers, { only: slot })).toThrow(full('consumer slot 0 is taken'))
    }
    expect(cleanUpIfDead(channel, consumers, slot, cleanUp)).toBe(false)
    lease.release()
    expect(cleanUpIfDead(channel, consumers, slot, cleanUp)).toBe(true)
    expect(cleaned).toBe(1)
    expect(claimSlot(channel, consumers).slot).toBe(slot)
  })
})
