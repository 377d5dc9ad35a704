import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

export interface HttpServer {
  /** How many requests it has served. */
  readonly requests: number
  close(): void
}

/** Serves HTTP in this event loop, and starts a process that sends requests as fast as it can. */
export async function startHttpServer(): Promise<HttpServer> {
  let requests = 0
  const server = createServer((_request, response) => {
    requests++
    response.end('hello')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const client = spawn(
    process.execPath,
    [fileURLToPath(new URL('http-client.trial.mjs', import.meta.url)), String(port)],
    {
      stdio: ['pipe', 'ignore', 'inherit'], // it ends when its standard input does
    },
  )
  return {
    get requests() {
      return requests
    },
    close() {
      client.kill()
      server.close()
      server.closeAllConnections()
    },
  }
}
