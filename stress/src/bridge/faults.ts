import { setTimeout } from 'node:timers/promises'
import { oneOf, type Random } from '@memlane/testing/random'
import { streamStates } from './jetstream-state.js'
import type { Scene, Side } from './scene.js'

/** What is done to the participants. Each fault ends by itself. */
export const KILLS = ['bridge a killed', 'bridge b killed', 'server killed', 'leader killed'] as const
export const CUTS = ['reset', 'refused', 'silent', 'slow', 'delayed', 'unplugged'] as const
export const STOPS = ['bridge stopped', 'server stopped', 'local process stopped'] as const
export type FaultName = (typeof KILLS)[number] | (typeof CUTS)[number] | (typeof STOPS)[number]

/** A dead connection is noticed after 10 s at the latest (link/connection-options.ts of the bridge). */
const LONGEST_SILENCE_MS = 12_000

/** Does things to a scene, at most one to each participant at a time. */
export class Faults {
  readonly counts: Partial<Record<FaultName, number>> = {}
  readonly #scene: Scene
  readonly #random: Random
  readonly #busy = new Set<object>()
  readonly #running = new Set<Promise<void>>()
  readonly #log: (text: string) => void

  constructor(scene: Scene, random: Random, log: (text: string) => void) {
    this.#scene = scene
    this.#random = random
    this.#log = log
  }

  /** Begins a fault. @returns false if its victim suffers from an earlier one */
  begin(name: FaultName): boolean {
    const { sides, servers, producers, there, back } = this.#scene
    const random = this.#random
    const side = oneOf(random, sides)
    switch (name) {
      case 'bridge a killed':
        return this.#hurt(name, sides[0], () => this.#killBridge(sides[0]))
      case 'bridge b killed':
        return this.#hurt(name, sides[1], () => this.#killBridge(sides[1]))
      case 'server killed':
      case 'leader killed':
        // A cluster of three works with two, so one member is hurt at a time.
        return this.#hurt(name, servers, () => this.#killServer(name === 'leader killed'))
      case 'bridge stopped':
        return this.#hurt(name, side, () => side.bridge.stopFor(random() * 5000))
      case 'server stopped':
        return this.#hurt(name, servers, () => this.#stopServer())
      case 'local process stopped': {
        const station = oneOf(random, [...producers, there, back])
        return this.#hurt(name, station, () => station.stopFor(random() * 3000))
      }
      default:
        return this.#hurt(`${name}`, side.proxies, () => this.#cut(name, side))
    }
  }

  /** Waits for the end of all faults that have begun. */
  async finish(): Promise<void> {
    await Promise.all(this.#running)
  }

  #hurt(name: FaultName, victim: object, run: () => Promise<void>): boolean {
    if (this.#busy.has(victim)) return false
    this.#busy.add(victim)
    this.counts[name] = (this.counts[name] ?? 0) + 1
    this.#log(name)
    const running = run().finally(() => {
      this.#busy.delete(victim)
      this.#running.delete(running)
    })
    this.#running.add(running)
    return true
  }

  async #killBridge({ bridge }: Side): Promise<void> {
    await bridge.end()
    if (this.#random() < 0.5) await setTimeout(this.#random() * 1000)
    bridge.start()
    // A bridge that is killed while it starts is the business of packages/nats/test; here it should get some work done.
    await bridge.told(/("routes":\{".*)/)
  }

  async #killServer(leader: boolean): Promise<void> {
    const { servers } = this.#scene
    const victim = (leader ? await this.#leader() : undefined) ?? oneOf(this.#random, servers)
    await victim.kill()
    if (this.#random() < 0.5) await setTimeout(this.#random() * 2000)
    await victim.restart()
  }

  async #leader() {
    const { servers } = this.#scene
    for (const server of servers) {
      const { leader } = (await streamStates(server)).get(oneOf(this.#random, ['THERE', 'BACK'])) ?? {}
      const index = Number(/^member-(\d)$/.exec(leader ?? '')?.[1])
      if (index > 0) return servers[index - 1]
    }
    return undefined
  }

  async #stopServer(): Promise<void> {
    const server = oneOf(this.#random, this.#scene.servers)
    await server.kill('SIGSTOP')
    await setTimeout(this.#random() * 4000)
    await server.kill('SIGCONT')
  }

  async #cut(name: FaultName, { machine, proxies }: Side): Promise<void> {
    const random = this.#random
    const all = (change: (proxy: (typeof proxies)[number]) => void) => {
      for (const proxy of proxies) change(proxy)
    }
    switch (name) {
      case 'refused':
        all((proxy) => {
          proxy.refuses = true
          proxy.cut()
        })
        await setTimeout(random() * 2000)
        return all((proxy) => {
          proxy.refuses = false
        })
      case 'silent':
        all((proxy) => proxy.silence())
        await setTimeout(random() * LONGEST_SILENCE_MS)
        if (random() < 0.5) all((proxy) => proxy.cut())
        return all((proxy) => proxy.speak())
      case 'slow':
        all((proxy) => {
          proxy.bytesPerSecond = 100_000
        })
        await setTimeout(random() * 3000)
        return all((proxy) => {
          proxy.bytesPerSecond = Number.POSITIVE_INFINITY
        })
      case 'delayed':
        all((proxy) => {
          proxy.delayMs = 100
        })
        await setTimeout(random() * 3000)
        return all((proxy) => {
          proxy.delayMs = 0
        })
      case 'unplugged':
        machine.unplug()
        await setTimeout(random() * LONGEST_SILENCE_MS)
        return machine.plug()
      default:
        return all((proxy) => proxy.cut())
    }
  }
}
