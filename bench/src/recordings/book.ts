import { array, f64, i64, struct, u64, utf8 } from '@memlane/protocol'

const Level = struct('Level', { price: f64, size: f64 })

/** 256 bytes: an order book of 14 levels. */
export const Book = struct('Book', { n: u64, time: i64, symbol: utf8(16), levels: array(Level, 14) })

/** Makes the book with a number: every field follows from it. */
export function bookOf(n: number) {
  const levels = Array.from({ length: 14 }, (_, level) => ({
    price: 100 + ((n + level) % 1000) / 100,
    size: ((n * 7 + level) % 500) * 10,
  }))
  return { n: BigInt(n), time: BigInt(n) * 10_000n, symbol: `S${n % 50}`, levels }
}
