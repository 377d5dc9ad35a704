import { setTimeout } from 'node:timers/promises'
import { capabilities, SharedMemory } from '@memlane/core'
import { connect } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { CallPeer } from '@memlane/testing/call-peer'
import { leftovers } from '@memlane/testing/leftovers'
import { Pricing } from '@memlane/testing/pricing'
import { describe, expect, it } from 'vitest'

const order = (id: number) => ({ id, quantity: id })
const refusal = (code: string, taken: boolean) => expect.objectContaining({ code, taken })

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(5)
}

describe('calls between processes', () => {
  it('are answered in every way of calling', async () => {
    const name = uniqueName('memlane')
    await using server = new CallPeer()
    const pid = await server.call('serve', name)
    await using client = new CallPeer()
    await client.call('connect', name)
    expect(await client.call('quotes', 2000)).toEqual([pid])
    expect(await client.call('callSync', 500)).toBe(2000)
    expect(await client.call('trades', 5000, 1e9, false)).toBe(5000)
    expect(await client.call('servers')).toBe(1)
    expect(await server.call('clients')).toBe(1)
  })

  it('are shared by all servers of a name', async () => {
    const name = uniqueName('memlane')
    await using first = new CallPeer()
    await using second = new CallPeer()
    const pids = [
      await first.call('serve', name, { concurrency: 1 }, true),
      await second.call('serve', name, { concurrency: 3 }, true),
    ]
    using client = await connect(name, Pricing)
    const answers = Promise.all([1, 2, 3, 4].map((id) => client.quote(order(id))))
    await until(async () => (await first.call('running')) === 1 && (await second.call('running')) === 3)
    await first.call('release')
    await second.call('release')
    expect(new Set((await answers).map(({ pid }) => pid))).toEqual(new Set(pids))
  })

  for (const waitStrategy of ['park', 'spin', 'adaptive'] as const)
    it(`go through with ${waitStrategy}`, async () => {
      const name = uniqueName('memlane')
      await using server = new CallPeer()
      await server.call('serve', name, { waitStrategy })
      using client = await connect(name, Pricing, { waitStrategy })
      for (let id = 0; id < 200; id++) expect(await client.quote(order(id))).toMatchObject({ price: 2 * id })
      const answers = await Promise.all(Array.from({ length: 200 }, (_, id) => client.quote(order(id))))
      expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, id) => id))
    })
})

describe('a server that is killed', () => {
  it('fails the calls that it had taken with DIED, and keeps the others', async () => {
    const name = uniqueName('memlane')
    await using victim = new CallPeer()
    await victim.call('serve', name, { concurrency: 2 }, true)
    using client = await connect(name, Pricing, { waitStrategy: 'park' })
    const calls = [1, 2, 3].map((id) => client.quote(order(id)))
    const settled = Promise.allSettled(calls.slice(0, 2))
    await until(async () => (await victim.call('told')).length === 2)
    await victim.kill()
    expect((await settled).map((each) => each.status === 'rejected' && each.reason)).toEqual([
      refusal('DIED', true),
      refusal('DIED', true),
    ])
    await using next = new CallPeer()
    const pid = await next.call('serve', name)
    expect(await calls[2]).toEqual({ id: 3, pid, price: 6 })
    for (let id = 0; id < 200; id++) await client.quote(order(id)) // all slots are usable
  })

  it('leaves its idempotent calls to another server', async () => {
    const name = uniqueName('memlane')
    await using victim = new CallPeer()
    await using survivor = new CallPeer()
    await victim.call('serve', name, {}, true)
    using client = await connect(name, Pricing)
    const answers = Promise.all([1, 2, 3].map((id) => client.again(order(id))))
    await until(async () => (await victim.call('told')).length === 3)
    const pid = await survivor.call('serve', name)
    await victim.kill()
    expect(await answers).toEqual([1, 2, 3].map((id) => ({ id, pid, price: 2 * id })))
  })

  it('fails a streamed answer with DIED', async () => {
    const name = uniqueName('memlane')
    await using victim = new CallPeer()
    await victim.call('serve', name)
    using client = await connect(name, Pricing)
    let count = 0
    const reading = (async () => {
      for await (const _part of client.trades({ id: 1, quantity: 1e9 })) if (++count === 500) void victim.kill()
    })()
    await expect(reading).rejects.toEqual(refusal('DIED', true))
  })
})

describe('a client that is killed', () => {
  it('ends the handlers of its calls, and its place is used again', async () => {
    const name = uniqueName('memlane')
    await using server = new CallPeer()
    await server.call('serve', name, { maxClients: 1, capacity: 4, waitStrategy: 'park' }, true)
    for (const round of [1, 2, 3]) {
      const victim = new CallPeer()
      await victim.call('connect', name)
      await victim.call('begin', 10 * round, 6)
      await until(async () => (await server.call('running')) === 4)
      await victim.kill()
      await until(async () => (await server.call('running')) === 0)
    }
    const told: string[] = await server.call('told')
    expect(told.filter((each) => each.startsWith('aborted'))).toHaveLength(12)
    using client = await connect(name, Pricing)
    const answers = Promise.all([1, 2, 3, 4, 5].map((id) => client.quote(order(id))))
    await until(async () => (await server.call('running')) === 4)
    await server.call('release')
    await until(async () => (await server.call('running')) === 1)
    await server.call('release')
    expect((await answers).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
  })

  it('ends the handler of its streamed answer', async () => {
    const name = uniqueName('memlane')
    await using server = new CallPeer()
    await server.call('serve', name)
    await using victim = new CallPeer()
    await victim.call('connect', name)
    void victim.call('trades', 1e9, 100, false)
    await until(async () => (await server.call('told')).length > 0)
    await victim.kill()
    await until(async () => (await server.call('told')).includes('ended 1'))
    expect(await server.call('running')).toBe(0)
  })
})

describe('a server that is stopped', () => {
  it.runIf(capabilities.namespace === 'posix')('keeps what it has taken, and the others go on', async () => {
    const name = uniqueName('memlane')
    await using stopped = new CallPeer()
    await using other = new CallPeer()
    await stopped.call('serve', name, {}, true)
    using client = await connect(name, Pricing)
    const held = client.quote(order(1))
    await until(async () => (await stopped.call('told')).length === 1)
    const pid = await other.call('serve', name)
    stopped.child.kill('SIGSTOP')
    for (let id = 0; id < 300; id++) expect(await client.quote(order(id))).toMatchObject({ pid })
    await expect(client.quote(order(2), { timeoutMs: 5000 })).resolves.toMatchObject({ pid })
    stopped.child.kill('SIGCONT')
    await stopped.call('release')
    expect(await held).toMatchObject({ id: 1 })
  })
})

it('the memory of calls ends with its last participant', async () => {
  const name = uniqueName('memlane')
  const server = new CallPeer()
  const client = new CallPeer()
  await server.call('serve', name)
  await client.call('connect', name)
  await client.call('quotes', 10)
  await server.kill()
  await client.kill()
  SharedMemory.list() // removes orphans
  expect(leftovers(name)).toEqual([])
})
