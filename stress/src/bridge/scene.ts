/**
 * Two machines A and B, with a server or a cluster of three between them. Producers of A send into the stream `out`. Bridge A publishes
 * it, bridge B writes it into the stream `arrived` of B, a process there sends each message on into the stream `reply`, and the bridges
 * bring that into the stream `back` of A. Each machine reaches each server through a proxy.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NatsServer } from '@memlane/testing/nats-server'
import { type Machine, Network } from '@memlane/testing/network'
import { oneOf, type Random } from '@memlane/testing/random'
import { TcpProxy } from '@memlane/testing/tcp-proxy'
import { FiguresSum } from './figures-sum.js'
import { Station } from './station.js'
import type { Extent } from './task.js'

const LONGEST_MS = 7_200_000

export interface SceneOptions extends Extent {
  readonly isCluster: boolean
  /** Messages a second of all producers. */
  readonly rate: number
  readonly random: Random
}

/** A machine with its bridge, and its ways to the servers. */
export interface Side {
  readonly machine: Machine
  readonly bridge: Station
  readonly proxies: readonly TcpProxy[]
  /** Of all lives of the bridge. */
  readonly figures: FiguresSum
}

export interface Scene extends AsyncDisposable {
  readonly servers: readonly NatsServer[]
  readonly sides: readonly [a: Side, b: Side]
  readonly producers: readonly Station[]
  /** The receivers of B and of A. */
  readonly there: Station
  readonly back: Station
}

/** Sets everything up, and starts it. */
export async function startScene({ isCluster, rate, random, authors, perAuthor }: SceneOptions): Promise<Scene> {
  const owned: AsyncDisposable[] = []
  const own = <T extends AsyncDisposable>(thing: T) => {
    owned.unshift(thing)
    return thing
  }
  const network = own(Network.create())
  const [a, b] = [await network.addMachine(), await network.addMachine()]
  const hosts = await Promise.all(Array.from({ length: isCluster ? 3 : 1 }, () => network.addMachine()))
  const places = hosts.map(({ address: host, within }) => ({ host, within, timeoutMs: LONGEST_MS }))
  const servers = isCluster ? await NatsServer.startCluster(places.length, places) : [await NatsServer.start(places[0])]
  for (const server of servers) own(server)
  const folder = mkdtempSync(join(tmpdir(), 'memlane-stress-bridge-'))
  own({ [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }) })

  const common = { create: { replicas: isCluster ? 3 : 1 }, onOverrun: 'block' }
  const local = { capacity: 2 ** 20, withoutConsumers: 'wait' }
  const encoding = () => oneOf(random, ['json', 'messagepack', 'raw'])
  const outOf = (name: string, jetstream: string, subject: string) => ({
    ...{ kind: 'stream-out', name, jetstream, subject: `${subject}.{lane}`, encoding: encoding(), ...common },
  })
  const into = (name: string, jetstream: string, subject: string) => ({
    ...{ kind: 'stream-in', name, jetstream, subject: `${subject}.>`, ...local },
  })
  const side = async (machine: Machine, origin: string, routes: object[]): Promise<Side> => {
    const proxies = await Promise.all(
      servers.map(({ port }, index) => {
        return TcpProxy.start({ host: network.address, target: { host: hosts[index]?.address ?? '', port } })
      }),
    )
    for (const proxy of proxies) own(proxy)
    const figures = new FiguresSum()
    const config = {
      origin,
      stateFolder: join(folder, origin),
      server: { servers: proxies.map(({ host, port }) => `nats://${host}:${port}`) },
      routes,
    }
    const bridge = new Station(`bridge ${origin}`, machine, { role: 'bridge', config }, (line, log) =>
      figures.add(line, log),
    )
    return { machine, bridge: own(bridge), proxies, figures }
  }
  const sides = [
    await side(a, 'a', [outOf('out', 'THERE', 'there'), into('back', 'BACK', 'back')]),
    await side(b, 'b', [into('arrived', 'THERE', 'there'), outOf('reply', 'BACK', 'back')]),
  ] as const

  const receiver = { role: 'receiver', authors, perAuthor } as const
  const there = own(new Station('the receiver of B', b, { ...receiver, from: 'arrived', to: 'reply' }))
  const back = own(new Station('the receiver of A', a, { ...receiver, from: 'back' }))
  const producers = Array.from({ length: authors }, (_, author) => {
    const task = { role: 'producer', stream: 'out', author, messages: perAuthor, rate: rate / authors } as const
    return own(new Station(`producer ${author}`, a, task))
  })
  for (const station of [there, back, ...producers, ...sides.map(({ bridge }) => bridge)]) station.start()
  return {
    ...{ servers, sides, producers, there, back },
    async [Symbol.asyncDispose]() {
      for (const thing of owned) await thing[Symbol.asyncDispose]()
    },
  }
}
