/** Real NATS servers with JetStream, for tests: alone or as a cluster, on this machine only. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Child, spawnChild } from './child.js'

/** The program. `npm run test:nats` fetches it, so `npm test` leaves out the tests that need it. */
const program = process.env.MEMLANE_NATS

export const hasNats: boolean = program !== undefined

const START_MS = 20_000

export interface NatsServerOptions {
  /** Lines for the server's own configuration. */
  readonly config?: string
  /** Where to listen. Default: 127.0.0.1. */
  readonly host?: string
  /** Command and arguments that run the program, such as `nsenter`. */
  readonly within?: readonly string[]
  /** How long the server may live, in milliseconds. Default: two minutes. */
  readonly timeoutMs?: number
}

interface ClusterPlace {
  readonly name: string
  readonly port: number
  /** Where the members talk to each other. */
  readonly routes: readonly string[]
}

/** One server. It keeps its port and its files over kills and restarts. */
export class NatsServer implements AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly folder: string
  readonly #options: NatsServerOptions
  readonly #monitor: number
  #child: Child | undefined

  private constructor(port: number, monitor: number, options: NatsServerOptions, cluster?: ClusterPlace) {
    const { host = '127.0.0.1', config = '' } = options
    this.port = port
    this.#monitor = monitor
    this.url = `nats://${host}:${port}`
    this.#options = options
    this.folder = mkdtempSync(join(tmpdir(), 'memlane-nats-'))
    mkdirSync(join(this.folder, 'jetstream'))
    const lines = [
      `listen: "${host}:${port}"`,
      `http: "${host}:${monitor}"`,
      `server_name: "${cluster?.name ?? 'alone'}"`,
      `jetstream { store_dir: "${join(this.folder, 'jetstream')}" }`,
    ]
    if (cluster !== undefined) {
      const routes = cluster.routes.map((route) => `"nats://${route}"`).join(', ')
      // Without advertising, a client stays on the way that the test has given it, such as a proxy.
      lines.push(
        `cluster { name: "memlane", listen: "${host}:${cluster.port}", no_advertise: true, routes: [${routes}] }`,
      )
    }
    writeFileSync(join(this.folder, 'server.conf'), `${[...lines, config].join('\n')}\n`)
  }

  /** Starts a server, and waits until it takes connections. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const [port = 0, monitor = 0] = await freePorts(2)
    const server = new NatsServer(port, monitor, options)
    await server.restart()
    return server
  }

  /**
   * Starts a cluster, and waits until its members have elected a leader.
   *
   * @param options of all members, or of each
   */
  static async startCluster(
    members: number,
    options: NatsServerOptions | readonly NatsServerOptions[] = {},
  ): Promise<NatsServer[]> {
    const ports = await freePorts(members * 3)
    const optionsOf = (index: number) => (Array.isArray(options) ? options[index] : options) as NatsServerOptions
    const routePorts = ports.slice(members * 2)
    const routes = routePorts.map((port, index) => `${optionsOf(index).host ?? '127.0.0.1'}:${port}`)
    const servers = routePorts.map((port, index) => {
      const place = { name: `member-${index + 1}`, port, routes }
      return new NatsServer(ports[index] ?? 0, ports[members + index] ?? 0, optionsOf(index), place)
    })
    await Promise.all(servers.map((server) => server.restart()))
    return servers
  }

  /** The process id; undefined while the server is down. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Asks the server about itself.
   *
   * @param path of its monitoring, such as `jsz?streams=true`
   */
  async monitor(path: string): Promise<unknown> {
    const { host = '127.0.0.1' } = this.#options
    const answer = await fetch(`http://${host}:${this.#monitor}/${path}`, { signal: AbortSignal.timeout(1000) })
    return answer.json()
  }

  /** Ends the server at once (default), or by another signal, and waits for its end. SIGSTOP and SIGCONT do not end it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child?.kill(signal)
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return
    await this.#child?.exit
    this.#child = undefined
  }

  /** Starts the server with its files, and waits until JetStream works. Call it while the server is down. */
  async restart(): Promise<void> {
    if (program === undefined) throw new Error('MEMLANE_NATS must be the path of nats-server')
    const { within = [], timeoutMs = 120_000 } = this.#options
    const [command = program, ...rest] = [...within, program, '-c', join(this.folder, 'server.conf')]
    this.#child = spawnChild(command, rest, { timeoutMs })
    const deadline = performance.now() + START_MS
    while (!(await this.#isHealthy())) {
      if (performance.now() > deadline)
        throw new Error(`nats-server does not start: ${this.#child.stderr.slice(-2000)}`)
      await setTimeout(20)
    }
  }

  async #isHealthy(): Promise<boolean> {
    const { host = '127.0.0.1' } = this.#options
    try {
      const { ok } = await fetch(`http://${host}:${this.#monitor}/healthz`, { signal: AbortSignal.timeout(1000) })
      return ok
    } catch {
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Finds ports that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
