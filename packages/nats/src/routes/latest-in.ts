import type { RouteConfigOf } from '../config/route-config.js'
import type { RunRoute } from './route.js'

export const runLatestIn: RunRoute<RouteConfigOf<'latest-in'>> = async ({ kind }) => {
  throw new Error(`routes of kind ${kind} are not built yet`)
}
