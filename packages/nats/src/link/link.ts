import { setTimeout } from 'node:timers/promises'
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { ServerConfig } from '../config/bridge-config.js'
import { abortable } from './abortable.js'
import { Backoff } from './backoff.js'
import { connectionOptions } from './connection-options.js'
import { problemText } from './problem-text.js'

/** A server can refuse each of very many subjects. */
const MOST_REPORTED = 100

/** The clients of one connection. They stay the same over reconnects. */
export interface Clients {
  readonly connection: NatsConnection
  readonly jetstream: JetStreamClient
  readonly manager: JetStreamManager
  readonly buckets: Kvm
}

/** Told of a change: true after a connect or reconnect, false after a disconnect. */
export type LinkListener = (isUp: boolean) => void

/** The connection to NATS. It comes back by itself, for ever: routes run while it is down. */
export class Link {
  #isUp = false
  #reconnects = 0
  #clients: Clients | undefined
  #lastError: string | undefined
  readonly #reported = new Set<string>()
  readonly #log: (text: string) => void
  readonly #listeners = new Set<LinkListener>()
  readonly #closing = new AbortController()
  readonly #first: Promise<Clients>

  /**
   * Begins to connect. Returns at once.
   *
   * @param name what the server calls this connection
   * @param log gets a line for each change, and for each new reason why the connection is not there
   */
  constructor(config: ServerConfig, name: string, log: (text: string) => void = () => {}) {
    this.#log = log
    const backoff = new Backoff()
    const options: NodeConnectionOptions = {
      ...connectionOptions(config, (text) => this.#fail(text)),
      name,
      // The client asks for this delay again after each pause. So the pause between two attempts is the one of `reconnectToServer`.
      reconnectDelayHandler: () => 0,
      reconnectToServer: ([server]) =>
        server === undefined || this.#clients === undefined ? null : { server, delay: backoff.next() },
    }
    this.#first = this.#connect(options, backoff)
    this.#first.catch(() => {}) // `clients` throws it
  }

  /** True while the connection is there. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** How often the connection came back. */
  get reconnects(): number {
    return this.#reconnects
  }

  /** Why the last attempt failed; undefined while the connection is there. */
  get lastError(): string | undefined {
    return this.#isUp ? undefined : this.#lastError
  }

  /**
   * Waits for the first connection. It may be down again when this resolves.
   *
   * @throws the signal's reason if it aborts or the link is closed
   */
  clients(signal: AbortSignal): Promise<Clients> {
    if (this.#clients !== undefined) return Promise.resolve(this.#clients)
    return abortable(this.#first, signal)
  }

  /** Waits until the connection is there. @throws as `clients` */
  async whenUp(signal: AbortSignal): Promise<Clients> {
    const clients = await this.clients(signal)
    while (!this.#isUp) {
      let stop = () => {}
      const change = new Promise<boolean>((resolve) => {
        stop = this.onChange(resolve)
      })
      await abortable(change, signal).finally(stop)
    }
    return clients
  }

  /** @returns a function that ends it */
  onChange(listener: LinkListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Sends what is buffered and closes the connection. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the bridge has ended'))
    await this.#clients?.connection.close()
  }

  async #connect(options: NodeConnectionOptions, backoff: Backoff): Promise<Clients> {
    for (;;) {
      this.#closing.signal.throwIfAborted()
      try {
        const connection = await connect(options)
        const manager = await jetstreamManager(connection, { checkAPI: false })
        backoff.reset()
        this.#clients = { connection, manager, jetstream: jetstream(connection), buckets: new Kvm(connection) }
        if (this.#closing.signal.aborted) await connection.close()
        this.#closing.signal.throwIfAborted()
        void this.#watch(connection, backoff)
        this.#change(true, `connected to ${connection.getServer()}`)
        return this.#clients
      } catch (error) {
        this.#closing.signal.throwIfAborted()
        this.#fail(problemText(error))
        await setTimeout(backoff.next(), undefined, { signal: this.#closing.signal })
      }
    }
  }

  async #watch(connection: NatsConnection, backoff: Backoff): Promise<void> {
    // The client tells of a disconnect and of the reconnect once more for each attempt that the server has refused.
    for await (const status of connection.status()) {
      switch (status.type) {
        case 'disconnect':
          if (!this.#isUp || this.#closing.signal.aborted) break
          this.#change(false, `lost the connection to ${status.server}`)
          break
        case 'reconnect':
          if (this.#isUp) break
          backoff.reset()
          this.#reconnects++
          this.#change(true, `connected again, to ${status.server}`)
          break
        case 'ldm':
          this.#log(`${status.server} is about to shut down`)
          break
        case 'error':
          this.#fail(problemText(status.error))
          break
      }
    }
    this.#change(false, this.#closing.signal.aborted ? 'disconnected' : 'the client has closed the connection for good')
  }

  #change(isUp: boolean, text: string): void {
    this.#isUp = isUp
    this.#lastError = isUp ? undefined : text
    if (isUp) this.#reported.clear()
    this.#log(text)
    for (const listener of this.#listeners) listener(isUp)
  }

  /** Notes why the connection is not there, or why the server has refused something. Logs each reason once until the next connection. */
  #fail(text: string): void {
    this.#lastError = text
    if (this.#reported.has(text) || this.#reported.size === MOST_REPORTED) return
    this.#reported.add(text)
    this.#log(this.#isUp ? text : `cannot connect: ${text}`)
  }
}
