import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Bridge } from '../bridge.js'
import { bridgeHealth } from './bridge-health.js'
import { bridgeRegistry } from './bridge-registry.js'

/** Serves the figures and the state of a bridge until it is closed. */
export interface BridgeServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:9465`. */
  readonly url: string
  /** Ends all connections. */
  close(): Promise<void>
}

/**
 * Serves a bridge over HTTP: `/metrics` for Prometheus; `/health`, JSON with status 200 if the bridge is connected and all routes run,
 * otherwise 503; `/health/live`, 200 as long as the process works. There is no password.
 *
 * @throws an error of the system if nobody can listen there
 */
export async function serveBridge(
  bridge: Bridge,
  { host = '127.0.0.1', port }: { readonly host?: string; readonly port: number },
): Promise<BridgeServer> {
  const server = createServer(listenerOf(bridge))
  server.listen(port, host)
  await once(server, 'listening')
  const { address, family, port: bound } = server.address() as AddressInfo
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function listenerOf(bridge: Bridge): RequestListener {
  const registry = bridgeRegistry(bridge)
  return async ({ url, method }, response) => {
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    switch (url?.split('?')[0]) {
      case '/metrics':
        response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics())
        return
      case '/health': {
        const health = bridgeHealth(bridge)
        response
          .writeHead(health.healthy ? 200 : 503, { 'content-type': 'application/json' })
          .end(`${JSON.stringify(health)}\n`)
        return
      }
      case '/health/live':
        response.writeHead(200, { 'content-type': 'text/plain' }).end('live\n')
        return
      default:
        response.writeHead(404).end('There are /metrics, /health and /health/live.\n')
    }
  }
}
