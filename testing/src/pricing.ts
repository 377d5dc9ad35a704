import { api, call, f64, payload, stream, struct, u32 } from '@memlane/protocol'

export const Order = struct('Order', { id: u32, quantity: f64 })
export const Quote = struct('Quote', { id: u32, pid: u32, price: f64 })

/** An API for tests. See call-peer.child.ts for what its handlers do. */
export const Pricing = api('Pricing', {
  quote: call(Order, Quote),
  again: call(Order, Quote, { idempotent: true }),
  trades: call(Order, stream(Quote)),
  echo: call(payload.json(), payload.json()),
})
