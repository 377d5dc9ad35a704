import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

export interface TcpProxyOptions {
  /** Where the proxy listens. Default: 127.0.0.1. */
  readonly host?: string
  readonly target: { readonly host: string; readonly port: number }
}

/** Passes connections on to a server, as well as a bad network does. */
export class TcpProxy implements AsyncDisposable {
  /** How long each portion of bytes is held, in milliseconds. A portion has at most 64 KiB. */
  delayMs = 0
  /** How much passes in each direction of each connection. */
  bytesPerSecond: number = Number.POSITIVE_INFINITY
  /** True: new connections are reset. */
  refuses = false
  readonly host: string
  readonly port: number
  readonly #server: Server
  readonly #target: TcpProxyOptions['target']
  readonly #sockets = new Set<Socket>()
  #speech: { readonly again: Promise<void>; readonly resume: () => void } | undefined

  private constructor(server: Server, { target }: TcpProxyOptions) {
    const { address, port } = server.address() as AddressInfo
    this.host = address
    this.port = port
    this.#server = server
    this.#target = target
    server.on('connection', (socket) => void this.#accept(socket))
  }

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const server = createServer()
    server.listen(0, options.host ?? '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, options)
  }

  /** How many connections there are now. */
  get connections(): number {
    return this.#sockets.size / 2
  }

  /** Resets all connections. New ones are taken at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** From now on, nothing passes and neither side is told of anything, not even of the end of the other one. */
  silence(): void {
    if (this.#speech !== undefined) return
    let resume = () => {}
    const again = new Promise<void>((resolve) => {
      resume = resolve
    })
    this.#speech = { again, resume }
  }

  /** Ends the silence. Connections that live on both sides continue without a gap, as TCP sends lost packets again. */
  speak(): void {
    this.#speech?.resume()
    this.#speech = undefined
  }

  async #accept(client: Socket): Promise<void> {
    if (this.refuses) {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#target)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => {}) // #carry sees it
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    await Promise.all([this.#carry(client, server), this.#carry(server, client)])
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    let free = 0
    try {
      for await (const portion of from as AsyncIterable<Buffer>) {
        const now = performance.now()
        free = Math.max(now, free) + (portion.length * 1000) / this.bytesPerSecond
        const pause = Math.max(this.delayMs, free - now)
        if (pause > 0) await setTimeout(pause)
        while (this.#speech !== undefined) await this.#speech.again
        if (to.destroyed) break
        if (!to.write(portion)) await Promise.race([once(to, 'drain'), once(to, 'close')])
      }
      while (this.#speech !== undefined) await this.#speech.again
      to.end()
    } catch {
      while (this.#speech !== undefined) await this.#speech.again
      to.resetAndDestroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.speak()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }
}
