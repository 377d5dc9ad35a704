import { setTimeout } from 'node:timers/promises'
import { type CallServer, serve } from '@memlane/consumer'
import { type Client, connect, RemoteError } from '@memlane/producer'
import { api, call, stream } from '@memlane/protocol'
import { oneOf } from '@memlane/testing/random'
import { below } from '../fuzz/mutation.js'
import { events } from '../fuzz/payloads.js'
import { sizeOf } from '../fuzz/size-of.js'
import { LIMIT, type Life, SYNC_LIMIT, type Ways } from './life.js'
import { Pair, Schema } from './task.js'

export const Events = api('Events', {
  echo: call(Schema, Schema),
  again: call(Schema, Schema, { idempotent: true }),
  pair: call(Pair, Pair),
  parts: call(Schema, stream(Schema)),
})

type Caller = Client<typeof Events.procedures>

/** Handlers fail with damaged requests. A length in the header may be right with another number, and too short. Servers end. */
async function unlessFailed(answer: unknown): Promise<number> {
  try {
    return Number(sizeOf(await answer) > 0)
  } catch (error) {
    const isFailure = error instanceof RemoteError || (error as { code?: unknown }).code === 'DIED'
    const isTooLong = error instanceof RangeError && /maxRequestLength/.test(error.message)
    if (!isFailure && !isTooLong) throw error
    return 0
  }
}

const callings = (life: Life): Ways<Caller> => {
  const { random } = life
  const event = () => oneOf(random, events)
  const sync = (act: () => unknown) => unlessFailed(new Promise((resolve) => resolve(act())))
  return [
    (client) => unlessFailed(client.echo(event(), LIMIT)),
    (client) => unlessFailed(client.again(event(), LIMIT)),
    (client) => unlessFailed(client.pair({ count: 1, value: 2 }, LIMIT)),
    async (client) => {
      const calls = Array.from({ length: below(random, 80) }, () => unlessFailed(client.echo(event(), LIMIT)))
      await Promise.allSettled(calls) // a call that blocks the thread must not follow before
      return (await Promise.all(calls)).reduce((sum, answered) => sum + answered, 0)
    },
    (client) => sync(() => client.callSync('echo', event(), SYNC_LIMIT)),
    (client) => {
      const pair = client.inPlace('pair')
      return sync(() =>
        pair.call(
          (view) => Object.assign(view, { count: 1 }),
          ({ value }) => value,
          SYNC_LIMIT,
        ),
      )
    },
    (client) =>
      unlessFailed(
        life.iterate(
          (signal) => client.parts(event(), { signal }),
          (part) => sizeOf(part),
        ),
      ),
    async (client) => void (await client.waitForServer(LIMIT)),
    (client) => void client.servers,
  ]
}

export const callLives = {
  async producer(life: Life, name: string): Promise<void> {
    const waitStrategy = oneOf(life.random, ['park', 'adaptive'] as const)
    using client = await connect(name, Events, { timeoutMs: 0, waitStrategy })
    await life.use<Caller>(client, callings(life))
  },
  async consumer(life: Life, name: string): Promise<void> {
    const { random, result } = life
    const waitStrategy = oneOf(random, ['park', 'adaptive'] as const)
    const handlers = {
      echo: (request: (typeof events)[number]) => {
        result.done += Number(sizeOf(request) > 0)
        return request
      },
      again: async (request: (typeof events)[number]) => {
        if (random() < 0.1) await setTimeout(1)
        return request
      },
      pair: (request: { count: number; value: number }) => request,
      *parts(request: (typeof events)[number]) {
        for (let part = 0; part < 50; part++) yield request
      },
    }
    const server = serve(name, Events, handlers, { waitStrategy })
    try {
      const ways: Ways<CallServer> = [
        () => setTimeout(below(random, 5)),
        ({ clients, running, served }) => void [clients, running, served],
      ]
      await life.use(server, ways, 20) // a server that was erased from the memory notices nothing, and gets no calls any more
    } finally {
      await server.close(LIMIT)
    }
  },
}
