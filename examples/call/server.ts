// Answers calls until no more come for a second. Start several servers: they share the calls.
import { setTimeout } from 'node:timers/promises'
import { serve } from 'memlane'
import { Pricing } from './pricing.js'

const [, , name = 'example-pricing'] = process.argv

await using server = serve(name, Pricing, {
  quote: async ({ id, quantity }) => ({ id, price: 10.5 * quantity }),
  async *prices({ id, quantity }) {
    for (let count = 1; count <= quantity; count++) yield { id, price: 10.5 * count }
  },
})
for (let before = -1; server.served > before || server.served === 0; ) {
  before = server.served
  await setTimeout(1000)
}
console.log(`${server.served} calls were answered`)
