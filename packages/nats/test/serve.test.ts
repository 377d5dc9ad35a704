import { capabilities } from '@memlane/core'
import { describe, expect, it } from 'vitest'
import { type Bridge, type BridgeHealth, type RouteStatus, serveBridge } from '../src/index.js'
import { RouteFigures } from '../src/routes/route-figures.js'
import { bridgeMetrics } from '../src/serve/bridge-metrics.js'
import { bridgeRegistry } from '../src/serve/bridge-registry.js'

function route(kind: RouteStatus['kind'], name: string, figures: Partial<RouteFigures> = {}): RouteStatus {
  return { kind, name, figures: Object.assign(new RouteFigures(), figures) }
}

/** As much of a bridge as is served. */
function bridgeWith(
  routes: readonly RouteStatus[],
  link: Partial<Bridge['link']> = { isUp: true, reconnects: 3 },
): Bridge {
  return { origin: 'here', link, routes } as unknown as Bridge
}

describe('the metrics of a bridge', () => {
  it('have the figures of each route', async () => {
    const figures = {
      forwarded: 10,
      bytes: 200,
      lag: 5,
      inFlight: 2,
      spillBytes: 7,
      spilled: 4,
      restarts: 1,
      retries: 6,
    }
    const text = await bridgeRegistry(
      bridgeWith([
        route('stream-out', 'quotes,x:"y"\n', figures),
        route('queue-in', 'jobs', { error: 'none', dropped: { ...new RouteFigures().dropped, overrun: 9 } }),
      ]),
    ).metrics()
    const out = 'kind="stream-out",name="quotes,x:\\"y\\"\ufffd"'
    for (const line of [
      'memlane_bridge_connected 1',
      'memlane_bridge_reconnects_total 3',
      `memlane_bridge_running{${out}} 1`,
      'memlane_bridge_running{kind="queue-in",name="jobs"} 0',
      `memlane_bridge_forwarded_messages_total{${out}} 10`,
      `memlane_bridge_forwarded_bytes_total{${out}} 200`,
      `memlane_bridge_lag_messages{${out}} 5`,
      `memlane_bridge_in_flight_messages{${out}} 2`,
      `memlane_bridge_spill_bytes{${out}} 7`,
      `memlane_bridge_spilled_messages_total{${out}} 4`,
      `memlane_bridge_restarts_total{${out}} 1`,
      `memlane_bridge_retries_total{${out}} 6`,
      'memlane_bridge_dropped_messages_total{kind="queue-in",name="jobs",reason="overrun"} 9',
      `memlane_bridge_dropped_messages_total{${out},reason="spill-full"} 0`,
    ]) {
      expect(text).toContain(`\n${line}\n`)
    }
    expect(text).not.toContain('memlane_bridge_lag_messages{kind="queue-in"')
    for (const { name, kind, help } of bridgeMetrics) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`)
    }
  })
})

// Node.js under Wine can listen, and cannot connect.
describe.skipIf(capabilities.namespace === 'windows')('the endpoint of a bridge', () => {
  const get = async (bridge: Bridge, path: string, method = 'GET') => {
    await using server = await serveBridge(bridge, { port: 0 })
    const response = await fetch(server.url + path, { method })
    return { status: response.status, text: await response.text() }
  }

  it('serves health, metrics, and nothing else', async () => {
    const bridge = bridgeWith([route('latest-out', 'price', { forwarded: 2 })])
    const { status, text } = await get(bridge, '/health')
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({
      origin: 'here',
      healthy: true,
      connected: true,
      reasons: [],
      routes: [{ kind: 'latest-out', name: 'price', error: null, forwarded: 2, lag: null }],
    })
    expect(await get(bridge, '/metrics?x')).toMatchObject({
      status: 200,
      text: expect.stringContaining('_connected 1'),
    })
    expect(await get(bridge, '/')).toMatchObject({ status: 404 })
    expect(await get(bridge, '/health', 'POST')).toMatchObject({ status: 405 })
  })

  it('says what is wrong', async () => {
    const failing = route('stream-in', 'far', { error: 'no such stream' })
    const bridge = bridgeWith([failing, route('queue-out', 'jobs')], { isUp: false, lastError: 'connection refused' })
    const { status, text } = await get(bridge, '/health')
    expect(status).toBe(503)
    expect((JSON.parse(text) as BridgeHealth).reasons).toEqual([
      'not connected: connection refused',
      'stream-in far: no such stream',
    ])
    expect(await get(bridge, '/health/live')).toEqual({ status: 200, text: 'live\n' })
  })
})
