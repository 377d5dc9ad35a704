import { f64, struct, u32, utf8 } from 'memlane'

export const Trade = struct('Trade', { symbol: utf8(8), price: f64, size: u32 })
