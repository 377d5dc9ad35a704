import type { RouteConfigOf } from '../config/route-config.js'
import type { RunRoute } from './route.js'

export const runStreamIn: RunRoute<RouteConfigOf<'stream-in'>> = async ({ kind }) => {
  throw new Error(`routes of kind ${kind} are not built yet`)
}
