import type { Bridge, RouteStatus } from '../bridge.js'
import type { DropReason, RouteFigures } from '../routes/route-figures.js'

interface BridgeSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface BridgeMetric {
  readonly name: `memlane_bridge_${string}`
  readonly kind: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly help: string
  readonly read: (bridge: Bridge) => readonly BridgeSample[]
}

/** All metrics of a bridge. The guide has this table, too. */
export const bridgeMetrics: readonly BridgeMetric[] = [
  {
    name: 'memlane_bridge_connected',
    kind: 'gauge',
    labels: [],
    help: '1 while the connection to NATS is there, otherwise 0.',
    read: ({ link }) => [{ labels: {}, value: Number(link.isUp) }],
  },
  {
    name: 'memlane_bridge_reconnects_total',
    kind: 'counter',
    labels: [],
    help: 'Connections to NATS after the first.',
    read: ({ link }) => [{ labels: {}, value: link.reconnects }],
  },
  ofRoutes('running', 'gauge', '1 if the route runs, 0 if its last start has failed.', ({ error }) =>
    Number(error === undefined),
  ),
  ofRoutes('restarts_total', 'counter', 'Starts of the route after an error.', ({ restarts }) => restarts),
  ofRoutes('forwarded_messages_total', 'counter', 'Messages that the other side has.', ({ forwarded }) => forwarded),
  ofRoutes('forwarded_bytes_total', 'counter', 'Bytes of their payloads on the network.', ({ bytes }) => bytes),
  ofRoutes(
    'duplicate_messages_total',
    'counter',
    'Messages that the other side had already. They were recognised, and arrived once.',
    ({ duplicates }) => duplicates,
  ),
  ofRoutes('retries_total', 'counter', 'Publishes and requests that were repeated.', ({ retries }) => retries),
  {
    name: 'memlane_bridge_dropped_messages_total',
    kind: 'counter',
    labels: ['kind', 'name', 'reason'],
    help: 'Messages that did not reach the other side.',
    read: ({ routes }) => routes.flatMap(dropsOf),
  },
  ofRoutes('spilled_messages_total', 'counter', 'Messages written to the spill file.', ({ spilled }) => spilled),
  ofRoutes('spill_bytes', 'gauge', 'Bytes that wait in the spill file.', ({ spillBytes }) => spillBytes),
  ofRoutes('in_flight_messages', 'gauge', 'Messages that wait for an answer of the other side.', (figures) => {
    return figures.inFlight
  }),
  ofRoutes(
    'lag_messages',
    'gauge',
    'Messages that wait on the near side. Absent if the route does not know.',
    ({ lag }) => lag,
  ),
]

function ofRoutes(
  name: string,
  kind: BridgeMetric['kind'],
  help: string,
  value: (figures: RouteFigures) => number | undefined,
): BridgeMetric {
  const samplesOf = (route: RouteStatus) => {
    const found = value(route.figures)
    return found === undefined ? [] : [{ labels: labelsOf(route), value: found }]
  }
  return {
    name: `memlane_bridge_${name}`,
    kind,
    labels: ['kind', 'name'],
    help,
    read: ({ routes }) => routes.flatMap(samplesOf),
  }
}

function dropsOf(route: RouteStatus): readonly BridgeSample[] {
  const { dropped } = route.figures
  return (Object.keys(dropped) as DropReason[]).map((reason) => {
    return { labels: { ...labelsOf(route), reason }, value: dropped[reason] }
  })
}

/** Other programs choose the names that a pattern matches: control characters are replaced. */
function labelsOf({ kind, name }: RouteStatus): { readonly kind: string; readonly name: string } {
  return { kind, name: name.replaceAll(/\p{Cc}|\p{Cf}/gu, '\ufffd') }
}
