import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { registerMetrics } from '@memlane/metrics/prometheus'
import { Registry } from 'prom-client'
import { abortablePause } from '../abortable-pause.js'
import type { Command } from '../command.js'
import { UsageError } from '../exit-code.js'
import { wholeNumber } from '../option-values.js'

interface MetricsCommandOptions {
  port?: number
  host?: string
}

const NOTES = `
A name may be a pattern: * stands for any characters, ? for one. Each name makes series of its own, so pass patterns if
programs make up names. Without names: all channels, and all regions that have a writer.

The figures are read from memory at each request. Other machines can read them only with --host 0.0.0.0 or another
address of this machine: anybody who reaches the address can read the names of your memory.

Examples:
  memlane metrics quotes
  memlane metrics --port 9464 quotes 'orders-*'`

export const metrics: Command<MetricsCommandOptions> = {
  name: 'metrics',
  summary: 'print figures for Prometheus, or serve them',
  declare(line) {
    line
      .argument('[name...]', 'the memories: names or patterns')
      .option('--port <number>', 'serve /metrics at this port until Ctrl-C; 0: any free port', wholeNumber(0, 65_535))
      .option('--host <address>', 'the address to serve at (default: 127.0.0.1)')
      .addHelpText('after', NOTES)
  },
  async run({ out, signal }, names, { port, host }) {
    if (host !== undefined && port === undefined) throw new UsageError('--host needs --port.')
    const given = names.filter((name) => name !== undefined)
    const registry = new Registry()
    registerMetrics(registry, given.length === 0 ? {} : { names: given })
    if (port === undefined) {
      if (out.json) for (const metric of await registry.getMetricsAsJSON()) out.object(metric)
      else for (const line of (await registry.metrics()).trimEnd().split('\n')) out.line(line)
      return
    }
    const server = serverOf(registry)
    server.listen(port, host ?? '127.0.0.1')
    await once(server, 'listening')
    const url = urlOf(server.address() as AddressInfo)
    if (out.json) out.object({ url })
    else out.line(`Serving ${url}. Ctrl-C ends.`)
    await abortablePause(Infinity, signal)
    server.close()
    server.closeAllConnections()
  },
}

function serverOf(registry: Registry): Server {
  return createServer(async (request, response) => {
    const [path] = request.url?.split('?') ?? []
    if (path !== '/metrics') response.writeHead(404).end('The figures are at /metrics.\n')
    else if (request.method !== 'GET') response.writeHead(405, { allow: 'GET' }).end()
    else response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics())
  })
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`
}
