import { setTimeout } from 'node:timers/promises'
import { connect, RemoteError } from '@memlane/producer'
import { type Api, api, call, f64, type Procedures, payload, stream, struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { Order, Pricing, Quote } from '@memlane/testing/pricing'
import { describe, expect, it } from 'vitest'
import { inPlace, serve } from '../src/index.js'
import { answerTo, handlers, type PricingHandlers, refusal, start, until } from './start-calls.js'

const order = (id: number) => ({ id, quantity: id / 2 })

/** A promise, and what resolves it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('a call', () => {
  it('is answered with what its handler returns, or writes in place', async () => {
    const { client, server } = await start({
      again: inPlace((request, context) => {
        const reply = context.reply()
        reply.id = request.id
        reply.pid = context.clientPid
        reply.price = 7
      }),
    })
    expect(await client.quote(order(3))).toEqual({ id: 3, pid: 1, price: 3 })
    expect(await client.again(order(4))).toEqual({ id: 4, pid: process.pid, price: 7 })
    expect(await client.echo({ a: [1, 'two', null] })).toEqual({ a: [1, 'two', null] })
    expect([server.served, server.running, server.clients, client.servers]).toEqual([3, 0, 1, 1])
  })

  it('waits for a slot if all are in use, in the order of the calls', async () => {
    const began: number[] = []
    const { opened, open } = gate()
    const quote: PricingHandlers['quote'] = async (request) => {
      began.push(request.id)
      await opened
      return answerTo(request)
    }
    const { client, server } = await start({ quote }, { capacity: 4 })
    const ids = Array.from({ length: 50 }, (_, id) => id)
    const answers = Promise.all(ids.map((id) => client.quote(order(id))))
    await until(() => began.length === 4)
    await setTimeout(20)
    expect(began).toEqual([0, 1, 2, 3])
    expect(server.running).toBe(4)
    open()
    expect((await answers).map(({ id }) => id)).toEqual(ids)
    expect(began).toEqual(ids)
  })

  it('runs beside at most concurrency - 1 others', async () => {
    let running = 0
    let most = 0
    const quote: PricingHandlers['quote'] = async (request) => {
      most = Math.max(most, ++running)
      await setTimeout(1)
      running--
      return answerTo(request)
    }
    const { client } = await start({ quote }, { concurrency: 3 })
    await Promise.all(Array.from({ length: 30 }, (_, id) => client.quote(order(id))))
    expect(most).toBe(3)
  })

  it('that fails rejects with the name, message, code and data of the error', async () => {
    const failed: unknown[] = []
    const { client, server } = await start({
      quote: () => {
        throw Object.assign(new RangeError('no such order'), { code: 'NO_ORDER', data: { id: 3, at: [true] } })
      },
      again: async () => {
        throw 'text'
      },
      echo: () => ({ a: 1n }),
    })
    server.on('failed', (_error, procedure) => failed.push(procedure))
    const error = await client.quote(order(3)).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({
      ...{ name: 'RangeError', message: 'no such order', code: 'NO_ORDER', data: { id: 3, at: [true] } },
      procedure: 'quote',
    })
    expect(Object.keys(error)).not.toContain('remoteStack')
    await expect(client.again(order(3))).rejects.toMatchObject({ name: 'Error', message: 'text', procedure: 'again' })
    await expect(client.echo(1)).rejects.toMatchObject({ name: 'TypeError' }) // its answer is no JSON
    expect(failed).toEqual(['quote', 'again', 'echo'])
    expect(server.served).toBe(3)
  })

  it('cuts an error that is too long for an answer', async () => {
    const { client } = await start(
      {
        quote: () => {
          throw Object.assign(new Error('"'.repeat(10_000)), { data: 'x'.repeat(10_000) })
        },
      },
      { maxAnswerLength: 4096 },
    )
    const error = await client.quote(order(1)).catch((thrown) => thrown)
    expect(error.message).toMatch(/^"{500,}$/)
    expect(error).not.toHaveProperty('data')
  })

  it('that is given up in time does not run', async () => {
    const began: number[] = []
    const { opened, open } = gate()
    const quote: PricingHandlers['quote'] = async (request) => {
      began.push(request.id)
      await opened
      return answerTo(request)
    }
    const { client } = await start({ quote }, { concurrency: 1 })
    const first = client.quote(order(1))
    await until(() => began.length === 1)
    await expect(client.quote(order(2), { timeoutMs: 20 })).rejects.toEqual(refusal('TIMED_OUT', false))
    const reason = new Error('no longer')
    const aborted = client.quote(order(3), { signal: AbortSignal.timeout(20) })
    await expect(aborted).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(client.quote(order(4), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    open()
    await first
    await client.quote(order(5))
    expect(began).toEqual([1, 5])
  })

  it('that is given up later tells its handler, and its slot is used again when the handler allows', async () => {
    const reasons: string[] = []
    const quote: PricingHandlers['quote'] = (request, { signal, deadline }) =>
      new Promise((resolve, reject) => {
        if (request.id < 2) resolve(answerTo(request))
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason.code)
          reject(signal.reason)
        })
        if (request.id === 7) expect(deadline - performance.now()).toBeGreaterThan(5)
      })
    const { client, server } = await start({ quote }, { capacity: 2 })
    await expect(client.quote(order(7), { timeoutMs: 200 })).rejects.toEqual(refusal('TIMED_OUT', true))
    await until(() => reasons.length === 1 && server.running === 0)
    const controller = new AbortController()
    const aborted = client.quote(order(8), { signal: controller.signal })
    await until(() => server.running === 1)
    controller.abort('enough')
    await expect(aborted).rejects.toBe('enough')
    await until(() => reasons.length === 2)
    expect(reasons).toEqual([expect.stringMatching(/TIMED_OUT|CLOSED/), 'CLOSED'])
    for (let count = 0; count < 10; count++) expect(await client.quote(order(1))).toMatchObject({ id: 1 })
  })

  it('ends with CLOSED when its client closes, and with DIED when its server gives up', async () => {
    const quote: PricingHandlers['quote'] = () => new Promise(() => {})
    const { name, client, server } = await start({ quote }, { capacity: 2 })
    const other = await connect(name, Pricing)
    const waiting = Promise.allSettled([client.quote(order(1)), client.quote(order(2)), client.quote(order(3))])
    const dying = other.quote(order(1)).catch((error) => error)
    await until(() => server.running === 3)
    client.close()
    client.close()
    expect((await waiting).map((each) => each.status === 'rejected' && each.reason)).toEqual([
      refusal('CLOSED', true),
      refusal('CLOSED', true),
      refusal('CLOSED', false),
    ])
    await expect(client.quote(order(1))).rejects.toMatchObject({ code: 'CLOSED' })
    await server.close({ timeoutMs: 10 })
    expect(await dying).toEqual(refusal('DIED', true))
    expect(other.servers).toBe(0)
    other.close()
  })

  it('that is running is finished before its server closes', async () => {
    const { opened, open } = gate()
    const quote: PricingHandlers['quote'] = async (request) => {
      await opened
      return answerTo(request)
    }
    const { client, server } = await start({ quote })
    const answer = client.quote(order(1))
    await until(() => server.running === 1)
    const closing = Promise.all([server.close(), server.close()])
    const late = client.quote(order(2), { timeoutMs: 50 })
    open()
    expect(await answer).toMatchObject({ id: 1 })
    await closing
    expect(server.closed).toBe(true)
    await expect(late).rejects.toEqual(refusal('TIMED_OUT', false))
  })

  it('waits for a server that comes later', async () => {
    const { name, client, server } = await start()
    await server.close()
    expect(await client.waitForServer({ timeoutMs: 10 })).toBe(false)
    const answer = client.quote(order(1))
    const there = client.waitForServer()
    await setTimeout(10)
    await using next = serve(name, Pricing, handlers)
    expect(await there).toBe(true)
    expect(await answer).toMatchObject({ id: 1 })
    expect(next.served).toBe(1)
    await expect(client.waitForServer({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
  })

  it('refuses wrong requests, and goes on', async () => {
    const { client } = await start({}, { maxRequestLength: 100 })
    await expect(client.quote({ id: -1, quantity: 1 })).rejects.toThrow(RangeError)
    await expect(client.echo('x'.repeat(200))).rejects.toThrow(/maxRequestLength is 100/)
    await expect(client.quote(order(1), { timeout: 1 } as object)).rejects.toThrow(TypeError)
    expect(() => client.callSync('trades' as 'quote', order(1))).toThrow(/streamed/)
    expect(() => client.callSync('none' as 'quote', order(1))).toThrow(/no procedure/)
    expect(() => client.inPlace('echo')).toThrow(/vary in length/)
    const pending = client.quote(order(2))
    expect(() => client.callSync('quote', order(1))).toThrow(/cannot block/)
    expect(await pending).toMatchObject({ id: 2 })
    expect(() => client.callSync('quote', order(1), { timeoutMs: 10 })).toThrow(refusal('TIMED_OUT', false))
  })

  it('rejects if its answer does not fit, or if its handler in place is async', async () => {
    const { client } = await start(
      {
        quote: () => ({ id: -1, pid: 0, price: 0 }),
        again: inPlace((async () => undefined) as never),
        echo: () => 'x'.repeat(5000),
      },
      { maxAnswerLength: 4200 },
    )
    await expect(client.quote(order(1))).rejects.toMatchObject({ name: 'RangeError' })
    await expect(client.again(order(1))).rejects.toThrow(/in place and async/)
    await expect(client.echo(1)).rejects.toThrow(/maxAnswerLength is 4200/)
  })
})

describe('a streamed answer', () => {
  it('comes part by part, in order', async () => {
    const { client } = await start()
    for (const quantity of [0, 1, 2, 1000]) {
      const prices: number[] = []
      for await (const { price } of client.trades({ id: 1, quantity })) prices.push(price)
      expect(prices).toEqual(Array.from({ length: quantity }, (_, price) => price))
    }
  })

  it('pauses its handler while the client does not take the parts, and nobody else', async () => {
    let yielded = 0
    const { client } = await start({
      async *trades({ id }) {
        for (;;) yield { id, pid: 1, price: yielded++ }
      },
    })
    const slow = client.trades(order(1))
    expect(await slow.next()).toMatchObject({ value: { price: 0 } })
    for (let id = 0; id < 100; id++) await client.quote(order(id))
    const paused = yielded
    for (let id = 0; id < 100; id++) await client.quote(order(id))
    await setTimeout(20)
    expect(yielded).toBe(paused)
    expect(paused).toBeLessThan(1000)
    for (let price = 1; price < 2000; price++) expect((await slow.next()).value).toMatchObject({ price })
    await slow.return?.()
  })

  it('ends its handler when the client leaves the loop, or aborts', async () => {
    let ended = 0
    const { client, server } = await start({
      async *trades({ id }, { signal }) {
        try {
          for (let price = 0; !signal.aborted; price++) yield { id, pid: 1, price }
        } finally {
          ended++
        }
      },
    })
    for await (const { price } of client.trades(order(1))) if (price === 10) break
    const controller = new AbortController()
    const prices: number[] = []
    const reading = (async () => {
      for await (const { price } of client.trades(order(1), { signal: controller.signal })) {
        prices.push(price)
        if (prices.length === 50) controller.abort('enough')
      }
    })()
    await expect(reading).rejects.toBe('enough')
    await until(() => ended === 2 && server.running === 0)
  })

  it('gives the parts before an error, and then the error', async () => {
    const { client } = await start({
      async *trades({ id }) {
        for (let price = 0; price < 300; price++) yield { id, pid: 1, price }
        throw new Error('the market is closed')
      },
    })
    const prices: number[] = []
    const reading = (async () => {
      for await (const { price } of client.trades(order(1))) prices.push(price)
    })()
    await expect(reading).rejects.toMatchObject({ message: 'the market is closed', procedure: 'trades' })
    expect(prices).toEqual(Array.from({ length: 300 }, (_, price) => price))
  })

  it('is refused if the handler returns no iterable, or a part does not fit', async () => {
    const Texts = api('Texts', { lines: call(u32, stream(payload.utf8)) })
    const name = uniqueName('memlane')
    await using _server = serve(
      name,
      Texts,
      { lines: (count) => (count === 0 ? (7 as never) : ['short', 'x'.repeat(count)]) },
      { maxAnswerLength: 300 },
    )
    using client = await connect(name, Texts)
    const read = async (count: number) => {
      const lines: string[] = []
      for await (const line of client.lines(count)) lines.push(line)
      return lines
    }
    await expect(read(0)).rejects.toThrow(/must return an iterable/)
    expect(await read(280)).toEqual(['short', 'x'.repeat(280)])
    await expect(read(300)).rejects.toThrow(/maxAnswerLength is 300/)
  })
})

describe('an api', () => {
  const Small = api('Small', { quote: call(Order, struct('Quote', { price: f64 })) })

  it('may have fewer procedures, and fewer fields in its answers, in a client', async () => {
    const { name } = await start()
    using client = await connect(name, Small)
    expect(await client.quote(order(5))).toEqual({ price: 5 })
  })

  it('must have the same requests, and answers that the memory has', async () => {
    const { name } = await start()
    const refused = (other: Api<Procedures>, text: RegExp) =>
      expect(connect(name, other)).rejects.toMatchObject({
        code: 'SCHEMA_MISMATCH',
        message: expect.stringMatching(text),
      })
    await refused(api('Other', { cancel: call(Order, Quote) }), /cancel is missing in the memory/)
    await refused(
      api('Other', { quote: call(struct('Order', { id: u32 }), Quote) }),
      /in the request of quote, field \w+ is missing in this process/,
    )
    await refused(
      api('Other', { quote: call(Order, struct('Quote', { volume: f64 })) }),
      /quote\.answer\.volume is missing/,
    )
    const streamed = api('Other', { quote: call(Order, stream(Quote)) })
    await refused(streamed, /the answer of quote is not streamed in the memory, and streamed in this process/)
    expect(() => serve(name, Small, { quote: () => ({ price: 1 }) })).toThrow(
      expect.objectContaining({ code: 'SCHEMA_MISMATCH' }),
    )
    expect(() => serve(name, Pricing, handlers, { capacity: 8 })).toThrow(
      expect.objectContaining({ code: 'OPTIONS_MISMATCH' }),
    )
  })

  it('refuses wrong declarations', () => {
    expect(() => api('A', {})).toThrow(RangeError)
    expect(() => api('A', { close: call(Order, Quote) })).toThrow(/"close" cannot be the name of a procedure/)
    expect(() => api('A', { quote: {} as never })).toThrow(/must be made by call/)
    expect(() => call(Order, Quote, { retry: true } as object)).toThrow(/no option "retry"/)
    const declare = call as (...declaration: unknown[]) => unknown
    expect(() => declare(Order, stream(Quote), { idempotent: true })).toThrow(/cannot be idempotent/)
    expect(() => call(7 as never, Quote)).toThrow(TypeError)
  })

  it('needs a handler for each procedure, and right options', async () => {
    const name = uniqueName('memlane')
    const { quote, ...missing } = handlers
    expect(() => serve(name, Pricing, missing as never)).toThrow(/handler of quote/)
    expect(() => serve(name, Pricing, { ...handlers, none: quote } as never)).toThrow(/no procedure none/)
    expect(() => serve(name, Pricing, { ...handlers, trades: inPlace(() => undefined) } as never)).toThrow(/streamed/)
    expect(() => serve(name, Pricing, handlers, { capacity: 3 })).toThrow(/capacity 3/)
    expect(() => serve(name, Pricing, handlers, { maxAnswerLength: 8 })).toThrow(/maxAnswerLength 8/)
    expect(() => serve(name, Pricing, handlers, { maxRequestLength: 8 })).toThrow(/requests of quote have 16 bytes/)
    expect(() => serve(name, Pricing, handlers, { threads: 1 } as object)).toThrow(TypeError)
    await expect(connect(name, Pricing, { timeoutMs: 10 })).rejects.toMatchObject({ code: 'TIMED_OUT' })
    await expect(connect(name, Pricing.procedures as never)).rejects.toThrow(TypeError)
  })
})
