import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Client, connect } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { CallPeer } from '@memlane/testing/call-peer'
import { spawnFixture } from '@memlane/testing/fixture'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { Pricing } from '@memlane/testing/pricing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startBridge } from './start-bridge.js'

const BRIDGE = new URL('../fixtures/bridge.child.ts', import.meta.url)

/** A bridge in a process of its own that offers a name. */
async function startFarBridge(url: string, name: string) {
  const stateFolder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
  onTestFinished(() => rmSync(stateFolder, { recursive: true, force: true }))
  const config = {
    origin: 'far',
    stateFolder,
    server: { servers: [url] },
    routes: [{ kind: 'call-out', name }],
  }
  const child = spawnFixture(BRIDGE, [JSON.stringify(config)], { timeoutMs: 60_000 })
  onTestFinished(() => child[Symbol.dispose]())
  child.exit.catch(() => {})
  await child.line('started')
  return child
}

/** A server in a process of its own whose handlers wait for `release`. */
async function startFarServer(name: string, holds: boolean): Promise<CallPeer> {
  const peer = new CallPeer()
  onTestFinished(() => peer[Symbol.asyncDispose]())
  await peer.call('serve', name, {}, holds)
  return peer
}

async function untilTold(peer: CallPeer, text: string): Promise<void> {
  while (!(await peer.call('told')).includes(text)) await setTimeout(20)
}

const callIn = (name: string, far: string, timeoutMs = 20_000) => {
  return { kind: 'call-in', name, subject: `${far}.{procedure}`, timeoutMs }
}

/** Settles to the error of a call. Handled at once, so it may reject while the test waits for something else. */
async function failureOf(call: Promise<unknown>): Promise<{ code: unknown; data: unknown }> {
  return await call.then(
    (value) => {
      throw new Error(`it was answered: ${JSON.stringify(value)}`)
    },
    ({ code, data }) => ({ code, data }),
  )
}

async function drain(parts: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of parts) count++
  return count
}

type Pricer = Client<typeof Pricing.procedures>

const DIED = { code: 'DIED', data: { taken: true } }

describe.runIf(hasNats)('calls over NATS', () => {
  it('survive a restart of the server, of a stopped bridge and of NATS', async () => {
    const [far, near] = [uniqueName('calls-far'), uniqueName('calls-near')]
    await using nats = await NatsServer.start()
    await using bridge = startBridge(nats.url, 'near', [callIn(near, far)])
    const server = await startFarServer(far, true)
    const farBridge = await startFarBridge(nats.url, far)
    using pricing: Pricer = await connect(near, Pricing)

    // A server is killed. Only the idempotent call runs again, in the server that comes next.
    const taken = failureOf(pricing.quote({ id: 1, quantity: 1 }))
    const again = pricing.again({ id: 2, quantity: 1 })
    await untilTold(server, 'began 1')
    await untilTold(server, 'began 2')
    await server.kill()
    expect(await taken).toEqual(DIED)
    const next = await startFarServer(far, true)
    await untilTold(next, 'began 2')
    await next.call('release')
    expect(await again).toMatchObject({ id: 2, pid: next.child.pid })

    // A bridge is stopped for a while: its calls go on.
    const stopped = pricing.quote({ id: 3, quantity: 1 })
    await untilTold(next, 'began 3')
    farBridge.kill('SIGSTOP')
    await setTimeout(1200)
    farBridge.kill('SIGCONT')
    await next.call('release')
    expect(await stopped).toMatchObject({ id: 3 })

    // The NATS server is killed and comes back: calls that run go on, and calls that begin meanwhile wait.
    const running = pricing.quote({ id: 4, quantity: 1 })
    await untilTold(next, 'began 4')
    await nats.kill()
    while (bridge.bridge.link.isUp) await setTimeout(5)
    const late = pricing.quote({ id: 5, quantity: 1 })
    await expect(pricing.quote({ id: 6, quantity: 1 }, { timeoutMs: 60 })).rejects.toMatchObject({
      code: 'DISCONNECTED',
      data: { taken: false },
    })
    await nats.restart()
    await untilTold(next, 'began 5')
    await next.call('release')
    expect(await running).toMatchObject({ id: 4 })
    expect(await late).toMatchObject({ id: 5 })
    const told: string[] = await next.call('told')
    expect(told.filter((line) => line.startsWith('began'))).toEqual(['began 2', 'began 3', 'began 4', 'began 5'])

    // The far bridge ends well: a call that runs is answered first.
    const last = pricing.quote({ id: 7, quantity: 1 })
    await untilTold(next, 'began 7')
    farBridge.kill()
    await setTimeout(100)
    await next.call('release')
    expect(await last).toMatchObject({ id: 7 })
    expect(await farBridge.exit).toMatchObject({ code: 0, signal: null })
  })

  it('fail some seconds after the far bridge was killed or stopped, or NATS was killed, unless they can run again', async () => {
    const fars = ['killed', 'stopped', 'cut'].map((each) => uniqueName(`calls-${each}`))
    const nears = fars.map((far) => `${far}-near`)
    const [killed = '', stopped = '', cut = ''] = fars
    await using nats = await NatsServer.start()
    await using other = await NatsServer.start()
    const routes = [killed, stopped].map((far) => callIn(`${far}-near`, far))
    await using bridge = startBridge(nats.url, 'near', routes)
    await using otherBridge = startBridge(other.url, 'near', [callIn(`${cut}-near`, cut, 500)])
    // One process serves all three names.
    const server = await startFarServer(killed, true)
    for (const far of [stopped, cut]) await server.call('serve', far, {}, true)
    const [killedBridge, stoppedBridge] = await Promise.all(
      [killed, stopped].map((far) => startFarBridge(nats.url, far)),
    )
    await using cutBridge = startBridge(other.url, 'far', [{ kind: 'call-out', name: cut }])
    const clients = await Promise.all(nears.map((name) => connect(name, Pricing)))
    const [toKilled, , toCut] = clients as [Pricer, Pricer, Pricer]

    const failures = clients.map((client, index) => {
      return failureOf(client.quote({ id: index, quantity: 1 }, { timeoutMs: 60_000 }))
    })
    const streamed = failureOf(drain(toKilled.trades({ id: 3, quantity: 1e9 })))
    const again = toKilled.again({ id: 4, quantity: 1 })
    for (const id of [0, 1, 2, 4]) await untilTold(server, `began ${id}`)
    await untilTold(server, 'yielded 1000')
    killedBridge?.kill('SIGKILL')
    stoppedBridge?.kill('SIGSTOP')
    await other.kill()
    while (otherBridge.bridge.link.isUp) await setTimeout(5)

    // The far handlers learn it, too: at once if the bridge died, after some seconds if it only hears no caller any more.
    await untilTold(server, 'aborted 0: CLOSED')
    const replacement = startFarBridge(nats.url, killed)
    expect(await failureOf(toCut.quote({ id: 6, quantity: 1 }))).toEqual({
      code: 'DISCONNECTED',
      data: { taken: false },
    })
    expect(await Promise.all(failures)).toEqual([DIED, DIED, DIED])
    expect(await streamed).toEqual(DIED)
    await untilTold(server, 'aborted 2: CLOSED')

    await replacement
    const begun = async (id: number) => (await server.call('told')).filter((line: string) => line === `began ${id}`)
    while ((await begun(4)).length < 2) await setTimeout(20)
    await server.call('release')
    expect(await again).toMatchObject({ id: 4 })
    expect(await begun(0)).toHaveLength(1)
    for (const client of clients) client.close()
    expect(bridge.bridge.routes[0]?.figures.retries).toBeGreaterThan(0)
    expect(cutBridge.bridge.routes[0]?.figures.inFlight).toBe(0)
    stoppedBridge?.kill('SIGKILL')
  })
})
