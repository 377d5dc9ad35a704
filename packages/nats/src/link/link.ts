import { setTimeout } from 'node:timers/promises'
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { ServerConfig } from '../config/bridge-config.js'
import { abortable } from './abortable.js'
import { Backoff } from './backoff.js'
import { connectionOptions } from './connection-options.js'

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
  readonly #listeners = new Set<LinkListener>()
  readonly #closing = new AbortController()
  readonly #first: Promise<Clients>

  /**
   * Begins to connect. Returns at once.
   *
   * @param name what the server calls this connection
   * @throws Error if a file of the configuration cannot be read
   */
  constructor(config: ServerConfig, name: string) {
    const backoff = new Backoff()
    const options = { ...connectionOptions(config), name, reconnectDelayHandler: () => backoff.next() }
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

  async #connect(options: ReturnType<typeof connectionOptions>, backoff: Backoff): Promise<Clients> {
    for (;;) {
      this.#closing.signal.throwIfAborted()
      try {
        const connection = await connect(options)
        const manager = await jetstreamManager(connection, { checkAPI: false })
        backoff.reset()
        this.#clients = { connection, manager, jetstream: jetstream(connection), buckets: new Kvm(connection) }
        if (this.#closing.signal.aborted) await connection.close()
        this.#closing.signal.throwIfAborted()
        this.#change(true)
        void this.#watch(connection, backoff)
        return this.#clients
      } catch (error) {
        this.#lastError = error instanceof Error ? error.message : String(error)
        await setTimeout(backoff.next(), undefined, { signal: this.#closing.signal })
      }
    }
  }

  async #watch(connection: NatsConnection, backoff: Backoff): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#change(false)
      else if (status.type === 'reconnect') {
        backoff.reset()
        this.#reconnects++
        this.#change(true)
      } else if (status.type === 'error') this.#lastError = String(status.error?.message ?? status.error)
    }
    const error = await connection.closed()
    if (error instanceof Error) this.#lastError = error.message
    this.#change(false)
  }

  #change(isUp: boolean): void {
    this.#isUp = isUp
    for (const listener of this.#listeners) listener(isUp)
  }
}
