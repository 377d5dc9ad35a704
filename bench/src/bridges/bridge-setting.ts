import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '@memlane/producer'
import { NatsServer } from '@memlane/testing/nats-server'
import { Echo, LENGTHS } from './echo.js'

type Caller = Client<typeof Echo.procedures>

/** A machine with a server, one with a client, and what lies between them. */
export class BridgeSetting implements AsyncDisposable {
  readonly #name = `memlane-bench-bridge-${process.pid}-${Math.trunc(performance.now())}`
  readonly #folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
  readonly #program: string
  readonly #children: ChildProcess[] = []
  readonly nats: NatsServer
  server: ChildProcess
  far: ChildProcess
  near: ChildProcess
  // Set by `start`.
  bytes!: Caller
  json!: Caller

  private constructor(program: URL, nats: NatsServer) {
    this.#program = fileURLToPath(program)
    this.nats = nats
    this.server = this.startServer()
    this.far = this.startFar()
    this.near = this.startNear()
  }

  /** @param program runs the parts `server` and `bridge` */
  static async start(program: URL): Promise<BridgeSetting> {
    const setting = new BridgeSetting(program, await NatsServer.start())
    await setting.connect()
    return setting
  }

  get subject(): string {
    return this.#name
  }

  startServer(): ChildProcess {
    this.server = this.#fork('server', this.#name, this.nats.url)
    return this.server
  }

  startFar(): ChildProcess {
    this.far = this.#startBridge('far', [{ kind: 'call-out', name: this.#name }])
    return this.far
  }

  startNear(): ChildProcess {
    const subject = `${this.#name}.{procedure}`
    const routes = (['raw', 'json'] as const).map((encoding) => {
      return { kind: 'call-in', name: `${this.#name}-${encoding}`, subject, encoding, ...LENGTHS }
    })
    this.near = this.#startBridge('near', routes)
    return this.near
  }

  async connect(): Promise<void> {
    this.bytes = await connect(`${this.#name}-raw`, Echo)
    this.json = await connect(`${this.#name}-json`, Echo)
    await this.json.json(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.bytes.close()
    this.json.close()
    for (const child of this.#children) child.kill('SIGKILL')
    await this.nats[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #startBridge(origin: string, routes: readonly object[]): ChildProcess {
    const stateFolder = join(this.#folder, `${origin}-${this.#children.length}`)
    return this.#fork('bridge', JSON.stringify({ origin, stateFolder, server: { servers: [this.nats.url] }, routes }))
  }

  #fork(...args: string[]): ChildProcess {
    const child = fork(this.#program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#children.push(child)
    return child
  }
}
