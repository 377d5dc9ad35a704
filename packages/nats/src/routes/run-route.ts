import type { RouteConfig } from '../config/route-config.js'
import { runCallIn } from './call-in.js'
import { runCallOut } from './call-out.js'
import { runLatestIn } from './latest-in.js'
import { runLatestOut } from './latest-out.js'
import { runQueueIn } from './queue-in.js'
import { runQueueOut } from './queue-out.js'
import type { RouteContext } from './route.js'
import { runStreamIn } from './stream-in.js'
import { runStreamOut } from './stream-out.js'

/** Runs a route of any kind: see RunRoute. */
export function runRoute(config: RouteConfig, context: RouteContext): Promise<void> {
  switch (config.kind) {
    case 'stream-out':
      return runStreamOut(config, context)
    case 'stream-in':
      return runStreamIn(config, context)
    case 'latest-out':
      return runLatestOut(config, context)
    case 'latest-in':
      return runLatestIn(config, context)
    case 'queue-out':
      return runQueueOut(config, context)
    case 'queue-in':
      return runQueueIn(config, context)
    case 'call-out':
      return runCallOut(config, context)
    case 'call-in':
      return runCallIn(config, context)
  }
}
