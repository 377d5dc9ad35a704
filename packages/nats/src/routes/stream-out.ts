import type { RouteConfigOf } from '../config/route-config.js'
import type { RunRoute } from './route.js'
import { StreamOut } from './stream-out/stream-out.js'

/** Carries the messages of a stream to a stream of JetStream. */
export const runStreamOut: RunRoute<RouteConfigOf<'stream-out'>> = (config, context) =>
  new StreamOut(config, context).run()
