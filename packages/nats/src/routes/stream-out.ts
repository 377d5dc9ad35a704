import type { RouteConfigOf } from '../config/route-config.js'
import type { RunRoute } from './route.js'

export const runStreamOut: RunRoute<RouteConfigOf<'stream-out'>> = async ({ kind }) => {
  throw new Error(`routes of kind ${kind} are not built yet`)
}
