import * as protocol from '@memlane/protocol'
import { messagepack } from '@memlane/protocol/messagepack'
import { describe, expect, it } from 'vitest'
import { describeSchema } from '../src/describe-schema.js'

const { api, array, at, board, bool, bool32, bytes, call, enumeration, f32, f64, i64, payload, stream } = protocol
const { struct, text, u16, u32, u8, union, utf16le, utf8 } = protocol

const Leg = struct('Leg', { price: f64, side: enumeration(u8, { BUY: 0, SELL: 1, "it's": 2 }) })
const Order = struct('Order', { id: i64, 'the leg': Leg, legs: array(Leg, 2), name: utf8(8), ok: bool, bad: bool32 })
const Foreign = struct(
  'foreign thing',
  { tick: u32, hash: at(6, bytes(4)), name: at(20, utf16le(4, { terminator: 'optional' })), x: at(0, u16), last: Leg },
  { length: 100, overlap: true, consistency: { counter: 'tick' } },
)
const Packed = struct('Packed', { a: u8, b: f32, odd: text('utf16le', 7) }, { packed: true })
const Versioned = struct(
  'Versioned',
  { begin: u32, value: f64, end: u32 },
  { consistency: { begin: 'begin', end: 'end' } },
)
const Other = struct('Leg', { price: u32 })

/** Runs the source, and returns what it exports last. */
function evaluate(typescript: string): { descriptor: unknown } {
  const names = [...typescript.matchAll(/^export const (\S+) =/gm)].map(([, name]) => name as string)
  const body = typescript.replace(/^import .*$/gm, '').replace(/^export /gm, '')
  const functions = { ...protocol, messagepack }
  const run = new Function(...Object.keys(functions), `${body}\nreturn ${names.at(-1)}`)
  return run(...Object.values(functions))
}

describe('the TypeScript source of a schema', () => {
  const schemas = {
    'a struct with structs and arrays': Order,
    'a struct with explicit offsets': Foreign,
    'a packed struct': Packed,
    'a struct with version words': Versioned,
    'two structs of one name': union({ a: Leg, b: Other }),
    'a number': u32,
    text: payload.utf8,
    MessagePack: messagepack(),
    'a union': union({
      order: Order,
      note: payload.json(),
      raw: payload.bytes,
      both: union({ x: payload.utf8, y: Leg }),
    }),
    'a board': board({ order: Order, 'a note': payload.json() }),
    'an API': api('Pricing API', {
      quote: call(Order, Leg, { idempotent: true }),
      trades: call(payload.json(), stream(Leg)),
    }),
  }
  for (const [title, { descriptor }] of Object.entries(schemas)) {
    it(`declares ${title} as it is`, () => {
      const { typescript } = describeSchema(descriptor, 0n)
      expect(evaluate(typescript).descriptor).toEqual(descriptor)
    })
  }

  it('reads like a program', () => {
    expect(describeSchema(api('Pricing', { quote: call(Leg, stream(payload.utf8)) }).descriptor, 1n)).toMatchObject({
      name: 'Pricing',
      hash: '0000000000000001',
      typescript: `import { api, call, enumeration, f64, payload, stream, struct, u8 } from 'memlane'

export const Leg = struct('Leg', {
  price: f64,
  side: enumeration(u8, {
    BUY: 0,
    SELL: 1,
    "it's": 2,
  }),
})
export const Pricing = api('Pricing', {
  quote: call(Leg, stream(payload.utf8)),
})
`,
    })
  })
})

describe('the rows of a schema', () => {
  const rowsOf = ({ descriptor }: { descriptor: protocol.SchemaDescriptor }) => {
    return describeSchema(descriptor, 0n).rows.map(({ path, type, offset, length }) => [path, type, offset, length])
  }

  it('tell the path, type, offset and length of each part', () => {
    expect(rowsOf(Order)).toEqual([
      ['', 'struct Order', 0, 72],
      ['id', 'i64', 0, 8],
      ['the leg', 'struct Leg', 8, 16],
      ['the leg.price', 'f64', 8, 8],
      ['the leg.side', "u8 of BUY | SELL | it's", 16, 1],
      ['legs', 'struct Leg[2]', 24, 32],
      ['legs[].price', 'f64', 0, 8],
      ['legs[].side', "u8 of BUY | SELL | it's", 8, 1],
      ['name', 'utf8(8)', 56, 8],
      ['ok', 'bool', 64, 1],
      ['bad', 'bool32', 68, 4],
    ])
    expect(rowsOf(union({ note: payload.json(), count: u32 }))).toEqual([
      ['', 'union', 0, undefined],
      ['note', 'json', 8, undefined],
      ['count', 'u32', 8, 4],
    ])
    expect(rowsOf(board({ count: u32 }))).toEqual([['count', 'u32', 0, 4]])
    expect(rowsOf(api('A', { list: call(u32, stream(payload.utf8)) }))).toEqual([
      ['list.request', 'u32', 0, 4],
      ['list.answer', 'stream of utf8', 0, undefined],
    ])
  })
})
