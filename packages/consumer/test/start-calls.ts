import { setTimeout } from 'node:timers/promises'
import { type Client, type ConnectOptions, connect } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { Pricing } from '@memlane/testing/pricing'
import { expect, onTestFinished } from 'vitest'
import { type CallServer, type Handlers, type ServeOptions, serve } from '../src/index.js'

export type PricingHandlers = Handlers<typeof Pricing.procedures>

export const answerTo = ({ id, quantity }: { id: number; quantity: number }) => ({ id, pid: 1, price: quantity * 2 })

export const handlers: PricingHandlers = {
  quote: answerTo,
  again: async (each) => answerTo(each),
  *trades({ id, quantity }) {
    for (let count = 0; count < quantity; count++) yield { id, pid: 1, price: count }
  },
  echo: (value) => value,
}

/** Starts a server of `Pricing`, and connects a client. Both end with the test. */
export async function start(
  some: Partial<PricingHandlers> = {},
  options: ServeOptions = {},
  clientOptions: ConnectOptions = {},
): Promise<{ name: string; server: CallServer; client: Client<typeof Pricing.procedures> }> {
  const name = uniqueName('memlane')
  const server = serve(name, Pricing, { ...handlers, ...some }, options)
  const client = await connect(name, Pricing, clientOptions)
  onTestFinished(async () => {
    client.close()
    await server.close({ timeoutMs: 0 })
  })
  return { name, server, client }
}

/** An error of a call that tells whether a server had taken it. */
export const refusal = (code: string, taken: boolean) => expect.objectContaining({ code, taken })

export const never = () => new Promise<never>(() => {})

export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setTimeout(1)
}
