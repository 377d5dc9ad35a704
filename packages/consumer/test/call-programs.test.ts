// Programs that use calls in ways that are allowed and unusual: functions that call, close or give up while memlane calls them.

import { setMaxListeners } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { connect } from '@memlane/producer'
import { api, call, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { CallPeer } from '@memlane/testing/call-peer'
import { Pricing } from '@memlane/testing/pricing'
import { describe, expect, it } from 'vitest'
import { type CallServer, inPlace, serve } from '../src/index.js'
import { answerTo, handlers, never, type PricingHandlers, refusal, start, until } from './start-calls.js'

const order = (id: number) => ({ id, quantity: 1 })

describe('a handler', () => {
  it('may close its server, which then waits for it', async () => {
    for (const takesMs of [0, 5]) {
      let closing: Promise<void> | undefined
      const { client, server } = await start({
        quote: async (request) => {
          closing = server.close()
          if (takesMs > 0) await setTimeout(takesMs)
          return answerTo(request)
        },
      })
      expect(await client.quote(order(1))).toMatchObject({ id: 1 })
      await closing
      expect(server.closed).toBe(true)
    }
  })

  it('is called as a method of the handlers', async () => {
    const { client } = await start({
      quote(this: PricingHandlers, request, context) {
        return typeof this.again === 'function' ? this.again(request, context) : undefined
      },
    })
    expect(await client.quote(order(7))).toMatchObject({ id: 7 })
  })

  it('may be a method of a class, and is not one that every object has', async () => {
    const name = uniqueName('memlane')
    const Texts = api('Texts', { greet: call(u32, u32), toString: call(u32, u32) })
    class Base {
      readonly step = 1
      greet(value: number) {
        return value + this.step
      }
    }
    class Whole extends Base {
      override toString(): never {
        return 7 as never
      }
    }
    expect(() => serve(name, Texts, new Base() as never)).toThrow(/handler of toString/)
    await using _server = serve(name, Texts, new Whole())
    using client = await connect(name, Texts)
    expect(await client.greet(1)).toBe(2)
  })

  it('whose answer or error closes the server while it is written gives up its call', async () => {
    for (const isAsync of [false, true]) {
      for (const fails of [false, true]) {
        let server: CallServer | undefined
        const value = {
          get id() {
            server?.[Symbol.dispose]()
            return 1
          },
          get message() {
            server?.[Symbol.dispose]()
            return 'failed'
          },
          pid: 1,
          price: 1,
        }
        const quote = () => {
          if (fails) throw value
          return value
        }
        const started = await start({ quote: isAsync ? async () => quote() : quote })
        server = started.server
        await expect(started.client.quote(order(1))).rejects.toEqual(refusal('DIED', true))
      }
    }
  })

  it('gets the process of its client, and a deadline that stays when its call was given up', async () => {
    const deadlines: number[] = []
    let clientPid = 0
    let last = () => {}
    const { client, server } = await start(
      {
        quote: async (request, context) => {
          if (request.id > 1) return answerTo(request)
          clientPid = context.clientPid
          deadlines.push(context.deadline)
          await new Promise<void>((resolve) => {
            last = resolve
          })
          deadlines.push(context.deadline)
          return answerTo(request)
        },
      },
      { capacity: 2 },
    )
    const controller = new AbortController()
    const given = client.quote(order(1), { signal: controller.signal, timeoutMs: 60_000 })
    await until(() => server.running === 1)
    controller.abort('enough')
    await expect(given).rejects.toBe('enough')
    for (let id = 2; id < 12; id++) await client.quote(order(id)) // without a deadline, in all slots
    last()
    await until(() => server.running === 0)
    expect(clientPid).toBe(process.pid)
    expect(deadlines[1]).toBeCloseTo(deadlines[0] as number, -1)
  })

  it('cannot write into the answer when its call has ended', async () => {
    let late: { price: number } | undefined
    const { client } = await start({
      quote: async ({ id }, context) => {
        const reply = context.reply()
        Object.assign(reply, { id, pid: 2, price: 3 })
        late = reply
        return undefined
      },
    })
    expect(await client.quote(order(1))).toEqual({ id: 1, pid: 2, price: 3 })
    expect(() => Object.assign(late ?? {}, { price: 4 })).toThrow(/after its call had ended/)
  })

  it('learns that its client has closed, and that the time of its server is over', async () => {
    const reasons: string[] = []
    const quote: PricingHandlers['quote'] = (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason.code)
          reject(signal.reason)
        })
      })
    const { name, client, server } = await start({ quote })
    const first = client.quote(order(1)).catch((error) => error)
    await until(() => server.running === 1)
    client.close()
    expect(await first).toEqual(refusal('CLOSED', true))
    await until(() => reasons.length === 1 && server.running === 0)
    using other = await connect(name, Pricing)
    const second = other.quote(order(2)).catch((error) => error)
    await until(() => server.running === 1)
    await server.close({ timeoutMs: 5 })
    expect(reasons).toEqual(['CLOSED', 'CLOSED'])
    expect(await second).toEqual(refusal('DIED', true))
  })
})

describe('a server', () => {
  it('that gives up an idempotent call leaves it to another server', async () => {
    const { name, client, server } = await start({ again: never })
    const answer = client.again(order(1))
    await until(() => server.running === 1)
    await using next = serve(name, Pricing, handlers)
    await server.close({ timeoutMs: 1 })
    expect(await answer).toMatchObject({ id: 1 })
    expect(next.served).toBe(1)
  })

  it('gives up a streamed answer whose client is slow when its time to close is over', async () => {
    let isEnded = false
    const { client, server } = await start({
      *trades({ id }) {
        try {
          for (;;) yield { id, pid: 1, price: 1 }
        } finally {
          isEnded = true
        }
      },
    })
    const trades = client.trades(order(1))
    await trades.next()
    await server.close({ timeoutMs: 20 })
    await until(() => isEnded)
    const rest = (async () => {
      for await (const _part of trades);
    })()
    await expect(rest).rejects.toEqual(refusal('DIED', true))
  })

  it('goes on if a handler never ends after its client has left', async () => {
    const { client, server } = await start(
      {
        async *trades({ id }) {
          try {
            for (;;) yield { id, pid: 1, price: 1 }
          } finally {
            await never()
          }
        },
      },
      { capacity: 2 },
    )
    for (let round = 0; round < 5; round++) for await (const _part of client.trades(order(1))) break
    expect(await client.quote(order(2))).toMatchObject({ id: 2 })
    expect(server.running).toBe(5)
    await server.close({ timeoutMs: 1 })
  })

  it('and a client are refused with FULL if all places are taken, and come when one is free', async () => {
    const { name, client, server } = await start({}, { maxClients: 1, maxServers: 1 })
    await expect(connect(name, Pricing)).rejects.toMatchObject({
      code: 'FULL',
      message: expect.stringMatching(/no client place is free: maxClients is/),
    })
    expect(() => serve(name, Pricing, handlers)).toThrow(expect.objectContaining({ code: 'FULL' }))
    client.close()
    using other = await connect(name, Pricing)
    await server.close()
    await using _next = serve(name, Pricing, handlers)
    expect(await other.quote(order(1))).toMatchObject({ id: 1 })
  })
})

describe('a client', () => {
  it('may call in place while it writes a request, and while it reads an answer', async () => {
    const name = uniqueName('memlane')
    await using peer = new CallPeer()
    await peer.call('serve', name)
    using client = await connect(name, Pricing)
    const quote = client.inPlace('quote')
    const priceOf = (id: number): number =>
      quote.call(
        (request) => {
          request.id = id
          const quantity = id === 0 ? 1 : priceOf(id - 1)
          request.quantity = quantity
        },
        (answer) => {
          const before = client.callSync('quote', order(100)).price
          const inner = quote.call(
            (request) => Object.assign(request, order(200)) && undefined,
            ({ id: innerId, price }) => [innerId, price],
          )
          expect([before, inner, answer.id]).toEqual([2, [200, 2], id])
          return answer.price
        },
      )
    expect(priceOf(3)).toBe(16)
    expect(() => quote.call((async () => {}) as never, () => 1)).toThrow(/must not be async/)
    expect(() =>
      quote.call(
        (request) => void Object.assign(request, order(1)),
        async () => 1,
      ),
    ).toThrow(/must not be async/)
    expect(priceOf(1)).toBe(4)
  })

  it('that leaves a stream while it waits for a part gets the end', async () => {
    const { client, server } = await start({
      // biome-ignore lint/correctness/useYield: it never comes to a part
      async *trades() {
        await never()
      },
    })
    const trades = client.trades(order(1))
    const waiting = [trades.next(), trades.next()]
    await until(() => server.running === 1)
    expect(await trades.return?.()).toEqual({ value: undefined, done: true })
    expect(await Promise.all(waiting)).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ])
    expect(await trades.next()).toEqual({ value: undefined, done: true })
  })

  it('does not send a request that gives up its own call while it is read', async () => {
    const began: number[] = []
    const { client } = await start(
      {
        quote: (request) => {
          began.push(request.id)
          return answerTo(request)
        },
        *trades({ id }) {
          began.push(id)
          for (;;) yield { id, pid: 1, price: 1 }
        },
      },
      { capacity: 2 },
    )
    const calls = (id: number, controller: AbortController) => ({
      quantity: 1,
      get id() {
        controller.abort('enough')
        return id
      },
    })
    for (let round = 0; round < 4; round++) {
      const controller = new AbortController()
      const { signal } = controller
      await expect(client.quote(calls(1, controller), { signal })).rejects.toBe('enough')
      const streaming = new AbortController()
      const trades = client.trades(calls(2, streaming), { signal: streaming.signal })
      await expect(trades.next()).rejects.toBe('enough')
      expect(await trades.next()).toMatchObject({ done: true })
    }
    expect(await client.quote(order(3))).toMatchObject({ id: 3 })
    expect(began).toEqual([3])
  })

  it('settles any number of calls that wait for a slot when their time has passed', async () => {
    const { client, server } = await start({})
    await server.close()
    const calls = Array.from({ length: 150_000 }, () => client.quote(order(1), { timeoutMs: 1 }))
    const settled = await Promise.allSettled(calls)
    const codes = new Set(settled.map((each) => each.status === 'rejected' && each.reason.code))
    expect([...codes]).toEqual(['TIMED_OUT'])
  })

  it('may use one signal for many calls', async () => {
    const warnings: string[] = []
    const note = ({ name }: Error) => warnings.push(name)
    process.on('warning', note)
    const { client } = await start()
    const { signal } = new AbortController()
    const answers = Array.from({ length: 20 }, (_, id) => client.quote(order(id), { signal }))
    expect((await Promise.all(answers)).map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, id) => id))
    setMaxListeners(0, signal)
    expect(await client.quote(order(1), { signal })).toMatchObject({ id: 1 })
    await setTimeout(1)
    process.off('warning', note)
    expect(warnings).not.toContain('MaxListenersExceededWarning')
  })

  it('and a server show their state', async () => {
    const { name, client, server } = await start({ quote: never })
    const call = client.quote(order(1)).catch(() => {})
    await until(() => server.running === 1)
    expect(inspect(client)).toMatch(name)
    expect(inspect(client)).toMatch(/CallClient .*procedures: \[ 'quote', 'again', 'trades', 'echo' \].*pending: 1/s)
    expect(inspect(server)).toMatch(/CallServer .*running: 1/s)
    client.close()
    await call
  })

  it('refuses wrong options of a call, and goes on', async () => {
    const { client } = await start({ quote: inPlace(answerTo) })
    const wrong = [
      ...[null, 7, { timeoutMs: '5' }, { timeoutMs: Number.NaN }, { timeoutMs: -1 }, { signal: {} }, { timeout: 1 }],
    ] as unknown as { timeoutMs: number }[]
    for (const options of wrong) {
      await expect(client.quote(order(1), options)).rejects.toThrow(/timeoutMs|signal|option/)
      expect(() => client.trades(order(1), options)).toThrow(/timeoutMs|signal|option/)
      expect(() => client.callSync('quote', order(1), options)).toThrow(/timeoutMs|signal|option/)
      await expect(client.waitForServer(options)).rejects.toThrow(/timeoutMs|signal|option/)
    }
    expect(await client.quote(order(1))).toMatchObject({ id: 1 })
  })
})
