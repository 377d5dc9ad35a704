import { getEventListeners } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Channel } from '@memlane/channel'
import { connect } from '@memlane/producer'
import { api, call, payload, stream, u32 } from '@memlane/protocol'
import { callShape, kindOf, READY } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { Pricing } from '@memlane/testing/pricing'
import { describe, expect, it } from 'vitest'
import { type CallServer, serve } from '../src/index.js'
import { answerTo, handlers, never, type PricingHandlers, refusal, start, until } from './start-calls.js'

const order = (id: number) => ({ id, quantity: 1 })

describe('a server', () => {
  it('ends each close, also one that waits when another one gives up the handlers', async () => {
    const { client, server } = await start({ quote: never })
    const died = client.quote(order(1)).catch((error) => error)
    await until(() => server.running === 1)
    const first = server.close()
    await server.close({ timeoutMs: 5 })
    await first
    expect(await died).toEqual(refusal('DIED', true))
  })

  it('that is disposed by its own handler gives up the call of that handler', async () => {
    const handled: PricingHandlers = {
      ...handlers,
      quote: (request) => {
        server[Symbol.dispose]()
        return answerTo(request)
      },
    }
    const { name, client, server } = await start(handled)
    await expect(client.quote(order(1))).rejects.toEqual(refusal('DIED', true))
    await using next = serve(name, Pricing, handlers)
    expect(await client.quote(order(2))).toMatchObject({ id: 2 })
    expect(next.served).toBe(1)
  })

  it('runs no handler before serve has returned it', async () => {
    const { name, client, server } = await start({})
    await server.close()
    const answer = client.echo(1)
    await setTimeout(5)
    const next: CallServer = serve(name, Pricing, { ...handlers, echo: () => next.running })
    expect(await answer).toBe(0)
    await next.close()
  })

  it('answers with what the handler returns if reply has thrown', async () => {
    const { client } = await start({
      echo: (_value, context) => {
        expect(() => context.reply(10)).toThrow()
        return 'returned'
      },
    })
    expect(await client.echo(1)).toBe('returned')
  })

  it('tells the error of a stream whose iterator cannot be ended, behind the parts that came before', async () => {
    const { client } = await start({
      trades: () => ({
        [Symbol.iterator]: () => {
          let count = 0
          return {
            next: () => ({ done: false, value: { id: count++ === 0 ? 1 : -1, pid: 1, price: 1 } }),
            return: () => {
              throw new Error('no end')
            },
          }
        },
      }),
    })
    const trades = client.trades(order(1), { timeoutMs: 5000 })
    expect(await trades.next()).toMatchObject({ value: { id: 1 } })
    await expect(trades.next()).rejects.toMatchObject({ message: 'no end' })
  })

  it('writes no part that has grown while it waited beyond its answer area', async () => {
    const Lines = api('Lines', { lines: call(u32, stream(payload.json<string[]>())) })
    const name = uniqueName('memlane')
    const growing: string[] = ['y'.repeat(80_000)]
    let given = 0
    await using _server = serve(
      name,
      Lines,
      {
        *lines() {
          yield ['first']
          for (; given < 2; given++) yield growing
        },
      },
      { maxAnswerLength: 100_000 },
    )
    using client = await connect(name, Lines)
    const lines = client.lines(1)
    expect(await lines.next()).toMatchObject({ value: ['first'] })
    await until(() => given === 1)
    await setTimeout(5)
    growing.push('z'.repeat(80_000))
    expect(await lines.next()).toMatchObject({ value: ['y'.repeat(80_000)] })
    await expect(lines.next()).rejects.toThrow(/maxAnswerLength is 100000/)
  })
})

describe('a client', () => {
  it('is told that an idempotent call was taken if it ends before another server takes it', async () => {
    const { client, server } = await start({ again: never })
    const ended = client.again(order(1)).catch((error) => error)
    await until(() => server.running === 1)
    await server.close({ timeoutMs: 0 })
    client.close()
    expect(await ended).toEqual(refusal('CLOSED', true))
  })

  it('is told so, too, if another server takes it when its time has passed', async () => {
    const { name, client, server } = await start({ again: never })
    const deadline = performance.now() + 500
    const ended = client.again(order(1), { timeoutMs: 500 }).catch((error) => error)
    await until(() => server.running === 1)
    await server.close({ timeoutMs: 0 })
    while (performance.now() < deadline + 10); // its own timer does not come first
    await using next = serve(name, Pricing, handlers)
    expect(await ended).toEqual(refusal('TIMED_OUT', true))
    expect(next.served).toBe(1)
  })

  it('sends the next call when one that no server has taken is given up', async () => {
    const { name, client } = await start({ quote: never }, { capacity: 2, concurrency: 1 })
    const controller = new AbortController()
    const calls = [
      client.quote(order(1)),
      client.quote(order(2), { signal: controller.signal }),
      client.quote(order(3)),
    ]
    const settled = Promise.allSettled(calls)
    await setTimeout(20)
    controller.abort()
    const channel = Channel.open(callShape, name, undefined, {})
    const { control } = channel
    await until(() => {
      let isSent = false
      control.forEachSlot((index: number, word: number) => {
        if (kindOf(word) === READY)
          isSent = new DataView(control.data.buffer).getUint32(control.requestOf(index), true) === 3
      })
      return isSent
    })
    channel.close()
    client.close()
    await settled
  })

  it('uses the slot of a stream again that was given up just before it had more parts', async () => {
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const { client, server } = await start(
      {
        quote: (request) => (request.id === 1 ? never() : answerTo(request)),
        async *trades({ id }) {
          await opened
          yield { id, pid: 1, price: 1 }
        },
      },
      { capacity: 2 },
    )
    const controller = new AbortController()
    const trades = client
      .trades(order(1), { signal: controller.signal })
      .next()
      .catch(() => {})
    const hanging = client.quote(order(1)).catch(() => {})
    await until(() => server.running === 2)
    const waiting = client.quote(order(2))
    await setTimeout(20)
    controller.abort()
    open()
    await trades
    expect(await waiting).toMatchObject({ id: 2 })
    client.close()
    await hanging
  })

  it('that is closed refuses calls, and keeps no signal', async () => {
    const { client } = await start({})
    client.close()
    const { signal } = new AbortController()
    await expect(client.quote(order(1), { signal })).rejects.toEqual(refusal('CLOSED', false))
    expect(() => client.callSync('quote', order(1))).toThrow(refusal('CLOSED', false))
    expect(() => client.trades(order(1), { signal })).toThrow(refusal('CLOSED', false))
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('that a getter of the request closes refuses the call', async () => {
    const { client } = await start({})
    const closing = {
      quantity: 1,
      get id() {
        client.close()
        return 1
      },
    }
    await expect(client.quote(closing)).rejects.toEqual(refusal('CLOSED', false))
    const { client: other } = await start({})
    const blocking = {
      quantity: 1,
      get id() {
        other.close()
        return 1
      },
    }
    expect(() => other.callSync('quote', blocking)).toThrow(refusal('CLOSED', false))
  })
})
