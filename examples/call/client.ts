// Asks for one quote, for three at once, and for a stream of prices.
import { connect } from 'memlane'
import { Pricing } from './pricing.js'

const [, , name = 'example-pricing'] = process.argv

using pricing = await connect(name, Pricing)
const order = (id: number) => ({ id, symbol: 'ACME', quantity: 4 })
console.log(await pricing.quote(order(1), { timeoutMs: 5000 }))
const quotes = await Promise.all([2, 3, 4].map((id) => pricing.quote(order(id))))
console.log(quotes.map(({ id }) => id).join())
for await (const { price } of pricing.prices(order(5))) console.log(price)
