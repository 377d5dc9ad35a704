import { setTimeout } from 'node:timers/promises'
import { SharedMemoryError } from '@memlane/core'
import { inspect, nameFilter } from '@memlane/inspect'
import { type CallClient, connect } from '@memlane/producer'
import type { Procedures } from '@memlane/protocol'
import type { ApiDescriptor } from '@memlane/protocol/internal'
import type { RouteConfigOf } from '../config/route-config.js'
import { apiOf } from './call/api-of.js'
import { CalledService } from './call/called-service.js'
import { WAIT_STRATEGY } from './call/wait-strategy.js'
import type { RunRoute } from './route.js'

/** How often the bridge looks whether local servers have come or left, in milliseconds. */
const LOOK_MS = 250

/**
 * Offers the procedures of local servers as a service of NATS, while such servers live. When the last one has left, the bridge leaves the
 * memory, too: so servers with another API can follow.
 */
export const runCallOut: RunRoute<RouteConfigOf<'call-out'>> = async (config, context) => {
  const { link, signal, log } = context
  const allowed = nameFilter(config.allow)
  for (;;) {
    const descriptor = await servedApi(config.name, signal)
    const { connection } = await link.whenUp(signal)
    // Not longer: the servers may have left meanwhile.
    const options = { signal, timeoutMs: 4 * LOOK_MS, waitStrategy: WAIT_STRATEGY } as const
    const found = await connect(config.name, apiOf(descriptor), options).catch(unlessGone)
    if (found === undefined) continue
    const client: CallClient<Procedures> = found
    const service = new CalledService({ config, context, connection, client, descriptor }, allowed)
    log('offers its procedures')
    let failure: Error | undefined
    void service.failed.then((error) => {
      failure = error
    })
    while (!signal.aborted && failure === undefined && client.servers > 0) {
      await setTimeout(LOOK_MS, undefined, { signal }).catch(() => {})
    }
    await service.stop(signal.aborted ? undefined : 0)
    if (signal.aborted) return
    if (failure !== undefined) throw failure
    log('has no servers')
  }
}

/** Waits until the name has a server. Returns its API. */
async function servedApi(name: string, signal: AbortSignal): Promise<ApiDescriptor> {
  for (;;) {
    const found = lookAt(name)
    if (found?.shape === 'call' && found.servers.some(({ state }) => state === 'alive')) {
      const descriptor = found.schema?.descriptor
      if (descriptor?.kind === 'api') return descriptor
    }
    if (found !== undefined && found.shape !== 'call') throw new Error(`"${name}" has no procedures.`)
    await setTimeout(LOOK_MS, undefined, { signal })
  }
}

function lookAt(name: string) {
  try {
    return inspect(name, { processes: false })
  } catch (error) {
    return unlessGone(error)
  }
}

/** @throws the error, unless the memory or its servers have gone */
function unlessGone(error: unknown): undefined {
  if (error instanceof SharedMemoryError && ['NOT_FOUND', 'TIMED_OUT', 'NOT_READY'].includes(error.code))
    return undefined
  throw error
}
