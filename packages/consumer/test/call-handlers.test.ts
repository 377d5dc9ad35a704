import { setTimeout } from 'node:timers/promises'
import { Channel } from '@memlane/channel'
import { type Client, connect } from '@memlane/producer'
import { callShape, kindOf, PART, TAKEN, withKindOf } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { Pricing } from '@memlane/testing/pricing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Handlers, type ServeOptions, serve } from '../src/index.js'

type PricingHandlers = Handlers<typeof Pricing.procedures>
type Caller = Client<typeof Pricing.procedures>

const order = (id: number) => ({ id, quantity: 1 })
const answerTo = ({ id }: { id: number }) => ({ id, pid: 1, price: 2 })
const handlers: PricingHandlers = { quote: answerTo, again: answerTo, *trades() {}, echo: (value) => value }

async function start(
  some: Partial<PricingHandlers>,
  options: ServeOptions = {},
): Promise<{ name: string; client: Caller }> {
  const name = uniqueName('memlane')
  const server = serve(name, Pricing, { ...handlers, ...some }, options)
  const client = await connect(name, Pricing, { waitStrategy: 'spin' }) // a test that changes memory rings no bell
  onTestFinished(async () => {
    client.close()
    await server.close({ timeoutMs: 0 })
  })
  return { name, client }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setTimeout(1)
}

describe('a server', () => {
  it('counts a handler that goes on after its call was given up', async () => {
    let running = 0
    let most = 0
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const quote: PricingHandlers['quote'] = async (request) => {
      most = Math.max(most, ++running)
      await opened
      running--
      return answerTo(request)
    }
    const { client } = await start({ quote }, { concurrency: 1 })
    const controller = new AbortController()
    const given = client.quote(order(1), { signal: controller.signal })
    await until(() => running === 1)
    controller.abort()
    await expect(given).rejects.toBe(controller.signal.reason)
    const next = client.quote(order(2))
    await setTimeout(20)
    open()
    expect((await next).id).toBe(2)
    expect(most).toBe(1)
  })

  it('answers with an error if what a handler returns fails when it is looked at', async () => {
    const evil = {
      // biome-ignore lint/suspicious/noThenProperty: on purpose
      get then(): never {
        throw new RangeError('no promise')
      },
    }
    const late = {
      // biome-ignore lint/suspicious/noThenProperty: on purpose
      then(): never {
        throw new RangeError('no promise either')
      },
    }
    const { client } = await start({ echo: (value) => (value === 1 ? evil : late) as never })
    await expect(client.echo(1)).rejects.toMatchObject({ name: 'RangeError', message: 'no promise' })
    await expect(client.echo(2)).rejects.toMatchObject({ name: 'RangeError', message: 'no promise either' })
    expect((await client.quote(order(3))).id).toBe(3)
  })

  it('ends the iterator of a handler whose part is refused', async () => {
    let isEnded = false
    const { client } = await start({
      async *trades() {
        try {
          yield { id: 'none', pid: 1, price: 2 } as never
        } finally {
          isEnded = true
        }
      },
    })
    await expect(client.trades(order(1)).next()).rejects.toMatchObject({ name: 'TypeError' })
    expect(isEnded).toBe(true)
  })
})

describe('a client', () => {
  it('gives up a call if its slot holds parts, and the procedure has one answer', async () => {
    let isAborted = false
    const { name, client } = await start({
      quote: async (request, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        isAborted = true
        return answerTo(request)
      },
    })
    const call = client.quote(order(1)).catch((error) => error)
    const channel = Channel.open(callShape, name, undefined, {})
    const { control } = channel
    let taken = -1
    await until(() => {
      control.forEachSlot((index: number, word: number) => {
        if (kindOf(word) === TAKEN) taken = index
      })
      return taken !== -1
    })
    control.words[taken] = withKindOf(control.words[taken] as number, PART)
    control.announceDone(taken)
    expect(await call).toMatchObject({ code: 'CORRUPT' })
    await until(() => isAborted)
    channel.close()
    expect((await client.again(order(2))).id).toBe(2)
  })
})
