import type { Bridge, RouteStatus } from '../bridge.js'

/** The state of a bridge, as `/health` serves it. */
export interface BridgeHealth {
  readonly origin: string
  /** True if the bridge is connected and all routes run. */
  readonly healthy: boolean
  readonly connected: boolean
  /** Says what is wrong, one sentence each. Empty if healthy. */
  readonly reasons: readonly string[]
  readonly routes: readonly RouteHealth[]
}

/** The state of a route. */
export interface RouteHealth {
  readonly kind: RouteStatus['kind']
  readonly name: string
  /** The last error; null if the route runs. */
  readonly error: string | null
  readonly forwarded: number
  /** Messages that did not reach the other side, for any reason. */
  readonly dropped: number
  readonly retries: number
  readonly restarts: number
  readonly inFlight: number
  /** Messages that wait on the near side; null if the route does not know. */
  readonly lag: number | null
  /** Bytes that wait in the spill file. */
  readonly spillBytes: number
}

/** Looks at a bridge. Does not block. */
export function bridgeHealth({ origin, link, routes }: Bridge): BridgeHealth {
  const found = routes.map(healthOf)
  const reasons = found.flatMap(({ kind, name, error }) => (error === null ? [] : [`${kind} ${name}: ${error}`]))
  if (!link.isUp) reasons.unshift(`not connected: ${link.lastError ?? 'the first attempt is under way'}`)
  return { origin, healthy: reasons.length === 0, connected: link.isUp, reasons, routes: found }
}

function healthOf({ kind, name, figures }: RouteStatus): RouteHealth {
  const { error = null, forwarded, dropped, retries, restarts, inFlight, lag = null, spillBytes } = figures
  const drops = Object.values(dropped).reduce((sum, count) => sum + count, 0)
  return { kind, name, error, forwarded, dropped: drops, retries, restarts, inFlight, lag, spillBytes }
}
