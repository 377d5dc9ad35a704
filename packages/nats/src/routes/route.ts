import type { Link } from '../link/link.js'
import type { SchemaStore } from '../message/schema-store.js'
import type { LaneOwners } from './lane-owners.js'
import type { RouteFigures } from './route-figures.js'

/** What a route works with. */
export interface RouteContext {
  /** Names this bridge among all that share the servers. */
  readonly origin: string
  readonly link: Link
  readonly schemas: SchemaStore
  /** A folder of this route alone. It exists. */
  readonly folder: string
  readonly figures: RouteFigures
  /** Which lanes of local streams are written by this bridge. */
  readonly laneOwners: LaneOwners
  /** Writes a line to the log of the bridge: for events that an operator should know. */
  readonly log: (text: string) => void
  /** Aborts when the route must end: it then finishes what is in flight, within some seconds. */
  readonly signal: AbortSignal
}

/**
 * Runs a route until its signal aborts; then it resolves. If it throws, the bridge logs that and starts the route again, after a pause.
 */
export type RunRoute<Config> = (config: Config, context: RouteContext) => Promise<void>
