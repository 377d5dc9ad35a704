import type { RouteConfigOf } from '../config/route-config.js'
import type { RunRoute } from './route.js'

export const runCallOut: RunRoute<RouteConfigOf<'call-out'>> = async ({ kind }) => {
  throw new Error(`routes of kind ${kind} are not built yet`)
}
