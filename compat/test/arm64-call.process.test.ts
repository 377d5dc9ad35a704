import { setTimeout } from 'node:timers/promises'
import { uniqueName } from '@memlane/testing'
import { CallPeer } from '@memlane/testing/call-peer'
import { Onlooker } from '@memlane/testing/onlooker'
import { describe, expect, it } from 'vitest'
import { canEmulate, type Machine, on, pairs } from '../fixtures/arm64.js'

const peer = (machine: Machine) => new CallPeer(on(machine, 'call-peer'))

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(20)
}

const tellsOf = async (teller: CallPeer, start: string) =>
  (await teller.call('told')).filter((each: string) => each.startsWith(start))

describe.runIf(canEmulate).each(pairs)('calls from %s to %s', (from, to) => {
  it.each(['adaptive', 'park'])(
    'are answered in every way of calling, %s',
    { timeout: 300_000 },
    async (waitStrategy) => {
      const name = uniqueName('call')
      await using server = peer(to)
      await using client = peer(from)
      const pid = await server.call('serve', name, { waitStrategy })
      await client.call('connect', name, { waitStrategy })
      expect(await client.call('quotes', 2000)).toEqual([pid])
      expect(await client.call('callSync', 500)).toBe(2000)
      expect(await client.call('trades', 5000, 1e9, false)).toBe(5000)
      await client.call('begin', 0, 200) // more than there are slots
      await until(async () => (await tellsOf(client, 'answered')).length === 200)
    },
  )

  it('wake a server that sleeps, and a client that sleeps', { timeout: 300_000 }, async () => {
    const name = uniqueName('call')
    await using server = peer(to)
    await using client = peer(from)
    const pid = await server.call('serve', name, { waitStrategy: 'park' }, true)
    await client.call('connect', name, { waitStrategy: 'park' })
    using onlooker = new Onlooker(name, 'call')
    for (let id = 1; id <= 20; id++) {
      await onlooker.untilAsleep('consumers')
      const answer = client.call('quote', id)
      await until(async () => (await tellsOf(server, `began ${id}`)).length > 0)
      await onlooker.untilAsleep('producers')
      await server.call('release')
      expect(await answer).toEqual({ id, pid, price: 2 * id })
    }
  })

  it('fail with their server if it had taken them; others go to the other machine', { timeout: 300_000 }, async () => {
    const name = uniqueName('call')
    await using victim = peer(to)
    await using client = peer(from)
    await victim.call('serve', name, { concurrency: 2, waitStrategy: 'park' }, true)
    await client.call('connect', name, { waitStrategy: 'park' })
    await client.call('begin', 1, 1)
    await until(async () => (await victim.call('running')) === 1)
    const idempotent = client.call('again', 2)
    await until(async () => (await victim.call('running')) === 2)
    const untaken = client.call('quote', 3)
    using onlooker = new Onlooker(name, 'call')
    await onlooker.untilAsleep('producers')
    await victim.kill()
    await until(async () => (await tellsOf(client, 'failed 1: DIED true')).length === 1)
    await using heir = peer(from)
    const pid = await heir.call('serve', name, { waitStrategy: 'park' })
    expect(await idempotent).toEqual({ id: 2, pid, price: 4 })
    expect(await untaken).toEqual({ id: 3, pid, price: 6 })
    const trades = client.call('trades', 1e9, 1e9, false)
    await until(async () => (await heir.call('told')).length > 0)
    await heir.kill()
    await expect(trades).rejects.toMatchObject({ code: 'DIED' })
    expect(await client.call('servers')).toBe(0)
  })

  it('end in their server with their client, whose place is used again', { timeout: 300_000 }, async () => {
    const name = uniqueName('call')
    await using server = peer(to)
    await using victim = peer(from)
    await server.call('serve', name, { maxClients: 1, capacity: 4, waitStrategy: 'park' }, true)
    await victim.call('connect', name)
    await victim.call('begin', 1, 6)
    await until(async () => (await server.call('running')) === 4)
    using onlooker = new Onlooker(name, 'call')
    await onlooker.untilAsleep('consumers')
    await victim.kill()
    await until(async () => (await server.call('running')) === 0)
    expect(await tellsOf(server, 'aborted')).toHaveLength(4)
    await using heir = peer(to)
    await heir.call('connect', name)
    void heir.call('trades', 1e9, 100, false)
    await until(async () => (await tellsOf(server, 'yielded')).length > 0)
    await heir.kill()
    await until(async () => (await tellsOf(server, 'ended 1')).length === 1)
  })
})
