import { api, call, f64, stream, struct, u32, utf8 } from 'memlane'

const Order = struct('Order', { id: u32, symbol: utf8(8), quantity: f64 })
const Quote = struct('Quote', { id: u32, price: f64 })

export const Pricing = api('Pricing', { quote: call(Order, Quote), prices: call(Order, stream(Quote)) })
