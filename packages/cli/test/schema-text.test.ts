import { array, at, board, bool, enumeration, f64, payload, struct, u8, u32, union, utf8 } from '@memlane/protocol'
import { messagepack } from '@memlane/protocol/messagepack'
import { describe, expect, it } from 'vitest'
import { schemaIn } from '../src/schema-text.js'

const Leg = struct('Leg', { price: f64 })

describe('schemaIn', () => {
  it.each([
    ["struct('Quote', { symbol: utf8(8), bid: f64 })", struct('Quote', { symbol: utf8(8), bid: f64 })],
    [
      `struct("L", { legs: array(struct('Leg', { price: f64 }), 4), on: bool, })`,
      struct('L', { legs: array(Leg, 4), on: bool }),
    ],
    [
      "struct('S', { a: at(0x10, u32) }, { length: 32, packed: true })",
      struct('S', { a: at(16, u32) }, { length: 32, packed: true }),
    ],
    [
      "struct('E', { side: enumeration(u8, { buy: 0, 'sell short': 1 }) })",
      struct('E', { side: enumeration(u8, { buy: 0, 'sell short': 1 }) }),
    ],
    ["union({ leg: struct('Leg', { price: f64 }), note: payload.utf8 })", union({ leg: Leg, note: payload.utf8 })],
    ['board({ speed: f64, note: payload.json() })', board({ speed: f64, note: payload.json() })],
    ['messagepack()', messagepack()],
    [' payload.bytes ', payload.bytes],
    [JSON.stringify(Leg.descriptor), Leg],
  ])('reads %s', (text, { descriptor }) => {
    expect(schemaIn(text).descriptor).toEqual(descriptor)
  })

  it.each([
    ['', 'the text ends where more must follow'],
    ['f65', 'f65 is unknown. Names: i8 u8'],
    ["struct('Quote', { bid: f64 }", 'the text ends where , must follow'],
    ["struct('Quote', { bid f64 })", 'unexpected f64'],
    ["struct('Quote', { 7: f64 })", '7 is no name of a field'],
    ['f64 f64', 'unexpected f64'],
    ['f64()', 'f64 takes no arguments'],
    ['utf8', 'expected a schema such as'],
    ['utf8(0)', '0'],
    ['process.exit()', 'process.exit is unknown'],
    ['f64; x', 'cannot read "; x"'],
    ['{"kind":"struct"}', 'its schema is wrong'],
    ['{', 'JSON'],
  ])('refuses %j', (text, reason) => {
    expect(() => schemaIn(text)).toThrow(reason)
  })
})
