import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { clearTimeout, now, setTimeout as startTimer } from '@memlane/core/internal'
import { inspectAll, isPattern, nameFilter } from '@memlane/inspect'
import type { BridgeConfig } from './config/bridge-config.js'
import type { RouteConfig } from './config/route-config.js'
import { Backoff } from './link/backoff.js'
import { Link } from './link/link.js'
import { within } from './link/within.js'
import { SchemaStore } from './message/schema-store.js'
import { LaneOwners } from './routes/lane-owners.js'
import type { RouteContext } from './routes/route.js'
import { RouteFigures } from './routes/route-figures.js'
import { runRoute } from './routes/run-route.js'
import { folderName } from './state/folder-name.js'
import { StateLock } from './state-lock.js'

/** How often a bridge looks for memories that match a pattern. */
const DISCOVERY_MS = 1000

/** So many memories may match a pattern: each costs a folder, a route and metrics for as long as the bridge runs. */
const MAX_MATCHES = 1000

/** How long the routes may take to end. Then the connection is closed, which ends most of what a route can wait for. */
const STOP_MS = 10_000
/** How long they may take after that. */
const LAST_MS = 3_000

/** A route that has run for so long counts as healthy again after an error. */
const HEALTHY_MS = 10_000

/** Options of a bridge. */
export interface BridgeOptions {
  /**
   * Gets a line for each event that an operator should know. Default: nothing is logged.
   *
   * @param route the route that it is about, such as `stream-out quotes`; undefined for the bridge as a whole
   */
  log?: (text: string, route?: string) => void
}

/** A route and what it has done. */
export interface RouteStatus {
  readonly kind: RouteConfig['kind']
  readonly name: string
  readonly figures: RouteFigures
}

/** Carries channels of this machine to others and back, as its configuration says. */
export class Bridge implements AsyncDisposable {
  readonly origin: string
  readonly link: Link
  readonly #log: (text: string, route?: string) => void
  readonly #folder: string
  readonly #lock: StateLock
  readonly #schemas: SchemaStore
  readonly #laneOwners: LaneOwners
  readonly #stopping = new AbortController()
  readonly #routes = new Map<string, RouteStatus>()
  readonly #running: Promise<void>[] = []
  #stopped: Promise<void> | undefined

  /**
   * Starts the routes. Does not wait for the connection.
   *
   * @throws Error `STATE_FOLDER_IN_USE` if another bridge has the state folder; an error of the system if the folder cannot be made
   */
  constructor(config: BridgeConfig, options: BridgeOptions = {}) {
    this.origin = config.origin
    this.#log = options.log ?? (() => {})
    this.#folder = config.stateFolder
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#lock = StateLock.claim(this.#folder)
    this.#laneOwners = new LaneOwners(join(this.#folder, 'own-lanes'))
    this.link = new Link(config.server, `memlane ${config.origin}`, (text) => this.#log(text))
    this.#schemas = new SchemaStore(this.link)
    for (const route of config.routes) {
      this.#running.push(isPattern(route.name) ? this.#discover(route) : this.#keepRunning(route))
    }
  }

  /** The routes that have been started. */
  get routes(): readonly RouteStatus[] {
    return [...this.#routes.values()]
  }

  /** Ends the routes: messages in flight get some seconds. Then closes the connection. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new Error('the bridge stops'))
    const ended = Promise.all(this.#running)
    if (!(await within(ended, STOP_MS))) {
      this.#log(`the routes have not ended within ${STOP_MS / 1000} s: the connection is closed`)
      await this.link.close()
      if (!(await within(ended, LAST_MS))) this.#log('the routes still have not ended: the bridge stops without them')
    }
    await this.link.close()
    this.#laneOwners.close()
    this.#lock.release()
  }

  /** Same as `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Starts a route for each memory that matches the pattern, as they appear. */
  async #discover(route: RouteConfig): Promise<void> {
    const { signal } = this.#stopping
    const started = new Set<string>()
    const shape = route.kind.split('-')[0]
    let problem = ''
    const tell = (text: string) => {
      if (text !== problem) this.#log(text, `${route.kind} ${route.name}`)
      problem = text
    }
    while (!signal.aborted) {
      try {
        for (const found of inspectAll({ filter: nameFilter([route.name]) })) {
          if (found.shape !== shape || started.has(found.name)) continue
          if (started.size === MAX_MATCHES) {
            tell(
              `more than ${MAX_MATCHES} memories have matched: "${found.name}" and later ones get no route until a restart`,
            )
            break
          }
          started.add(found.name)
          this.#running.push(this.#keepRunning({ ...route, name: found.name }))
        }
      } catch (error) {
        tell(`cannot look for memories: ${error instanceof Error ? error.message : error}`)
      }
      await setTimeout(DISCOVERY_MS, undefined, { signal }).catch(() => {})
    }
  }

  async #keepRunning(route: RouteConfig): Promise<void> {
    const { signal } = this.#stopping
    const label = `${route.kind} ${route.name}`
    const folder = join(this.#folder, folderName(label))
    const figures = new RouteFigures()
    this.#routes.set(label, { kind: route.kind, name: route.name, figures })
    const context: RouteContext = {
      origin: this.origin,
      link: this.link,
      schemas: this.#schemas,
      folder,
      figures,
      laneOwners: this.#laneOwners,
      log: (text) => this.#log(text, label),
      signal,
    }
    const backoff = new Backoff()
    while (!signal.aborted) {
      const start = now()
      const healthy = startTimer(() => {
        figures.error = undefined
      }, HEALTHY_MS)
      try {
        mkdirSync(folder, { recursive: true })
        await runRoute(route, context)
        if (signal.aborted) return
      } catch (error) {
        if (signal.aborted) return
        figures.restarts++
        figures.error = error instanceof Error ? error.message : String(error)
        context.log(`${figures.error} The route starts again.`)
      } finally {
        clearTimeout(healthy)
      }
      if (now() - start > HEALTHY_MS) backoff.reset()
      await setTimeout(backoff.next(), undefined, { signal }).catch(() => {})
    }
  }
}
