import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { messagepack } from '../src/codec/messagepack.js'
import { payload, union } from '../src/index.js'

const codec = messagepack<unknown>()
const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

/** Encodes a value into bytes of its own. */
function encoded(value: unknown, { measure, encode } = codec): Uint8Array {
  const data = new DataView(new ArrayBuffer(measure(value)))
  return new Uint8Array(data.buffer, 0, encode(data, 0, value))
}

/** Decodes bytes that fill a lane. */
const decoded = (bytes: Uint8Array) =>
  codec.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length)

const corrupt = expect.objectContaining({ name: 'LayoutError', code: 'CORRUPT' })

/** Returns how `measure` refuses a value. */
function refusal(value: unknown): TypeError {
  try {
    codec.measure(value)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return error as TypeError
  }
  throw new Error('the value was not refused')
}

function argumentsOf(..._values: number[]) {
  // biome-ignore lint/complexity/noArguments: this object is the point
  return arguments
}

describe('messagepack', () => {
  it.each<[value: unknown, bytes: string]>([
    [null, 'c0'],
    [false, 'c2'],
    [true, 'c3'],
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65535, 'cdffff'],
    [65536, 'ce00010000'],
    [2 ** 31, 'ce80000000'],
    [2 ** 32 - 1, 'ceffffffff'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32768, 'd18000'],
    [-32769, 'd2ffff7fff'],
    [-(2 ** 31), 'd280000000'],
    [-0, 'cb8000000000000000'],
    [1.5, 'cb3ff8000000000000'],
    [2 ** 32, 'cb41f0000000000000'],
    [Number.NaN, 'cb7ff8000000000000'],
    [-Infinity, 'cbfff0000000000000'],
    [0n, 'cf0000000000000000'],
    [-(2n ** 63n), 'd38000000000000000'],
    [2n ** 64n - 1n, 'cfffffffffffffffff'],
    ['', 'a0'],
    ['é', 'a2c3a9'],
    ['a'.repeat(31), `bf${'61'.repeat(31)}`],
    ['a'.repeat(32), `d920${'61'.repeat(32)}`],
    ['é'.repeat(16), `d920${'c3a9'.repeat(16)}`],
    ['€'.repeat(100), `da012c${'e282ac'.repeat(100)}`],
    [Uint8Array.of(1, 2), 'c4020102'],
    [new Uint8Array(256), `c50100${'00'.repeat(256)}`],
    [[], '90'],
    [[1, [2]], '92019102'],
    [Array(16).fill(0), `dc0010${'00'.repeat(16)}`],
    [{}, '80'],
    [{ compact: true, schema: 0 }, '82a7636f6d70616374c3a6736368656d6100'],
    [new Date(1000), 'd6ff00000001'],
    [new Date(1), 'd7ff003d090000000000'],
    [new Date(2 ** 32 * 1000), 'd7ff0000000100000000'],
    [new Date(-1), 'c70cff3b8b87c0ffffffffffffffff'],
  ])('writes and reads %o as the specification says', (value, bytes) => {
    expect(encoded(value)).toEqual(hex(bytes))
    expect(decoded(hex(bytes))).toEqual(value)
  })

  it.each<[value: ArrayBufferView, bytes: string]>([
    [Uint8ClampedArray.of(1, 255), 'd54401ff'],
    [Uint16Array.of(1, 2), 'd64501000200'],
    [Uint32Array.of(1), 'd64601000000'],
    [BigUint64Array.of(1n), 'd7470100000000000000'],
    [Int8Array.of(-1), 'd448ff'],
    [Int16Array.of(-2), 'd54dfeff'],
    [Int32Array.of(-2), 'd64efeffffff'],
    [BigInt64Array.of(-2n), 'd74ffeffffffffffffff'],
    [Float32Array.of(1.5), 'd6550000c03f'],
    [Float64Array.of(1.5), 'd756000000000000f83f'],
    [new Float64Array(0), 'c70056'],
  ])('carries %o as an extension with its elements', (value, bytes) => {
    expect(encoded(value)).toEqual(hex(bytes))
    const read = decoded(hex(bytes))
    expect(read).toEqual(value)
    expect((read as ArrayBufferView).constructor).toBe(value.constructor)
  })

  it('carries a typed array that shows a part of a buffer, and nothing else of that buffer', () => {
    const whole = Int16Array.of(1, 2, 3, 4)
    expect(encoded(whole.subarray(1, 3))).toEqual(hex('d64d02000300'))
    expect(decoded(encoded(new Float32Array(40_000).fill(2)))).toEqual(new Float32Array(40_000).fill(2))
    expect(decoded(encoded(new Float64Array(200).fill(3)))).toEqual(new Float64Array(200).fill(3))
  })

  it('carries text, arrays and objects of every length', () => {
    for (const length of [31, 32, 255, 256, 65_535, 65_536, 70_000]) {
      for (const value of ['x'.repeat(length), '☃'.repeat(length), new Array(length).fill(7), new Uint8Array(length)])
        expect(decoded(encoded(value))).toEqual(value)
    }
    for (const count of [15, 16, 65_536]) {
      const value = Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, index]))
      expect(decoded(encoded(value))).toEqual(value)
    }
  })

  it('carries any key of an object, except one that would change its prototype', () => {
    const value = { constructor: 1, '': 2, é: 3, toString: 4, '0': 5 }
    expect(decoded(encoded(value))).toEqual(value)
    const polluting = JSON.parse('{"a": {"__proto__": {"polluted": true}}}')
    expect(refusal(polluting).message).toMatch(/^value\.a\.__proto__: MessagePack cannot carry .*prototype$/)
    expect(() => decoded(hex('81a95f5f70726f746f5f5f80'))).toThrow(corrupt)
  })

  it('carries -0, Buffers, objects without prototype and values of other realms', () => {
    expect(decoded(encoded([-0, 1, { a: 2 ** 31 }]))).toEqual([-0, 1, { a: 2 ** 31 }])
    expect(decoded(encoded(Buffer.from('abc')))).toEqual(Uint8Array.of(97, 98, 99))
    expect(decoded(encoded(Object.assign(Object.create(null), { a: 1 })))).toEqual({ a: 1 })
    const foreign = runInNewContext(
      '({ date: new Date(5), list: [1], bytes: Uint8Array.of(1), shorts: Int16Array.of(2) })',
    )
    const value = { date: new Date(5), list: [1], bytes: Uint8Array.of(1), shorts: Int16Array.of(2) }
    expect(decoded(encoded(foreign))).toEqual(value)
  })

  it('leaves out properties that are undefined, as JSON does', () => {
    expect(encoded({ a: undefined, b: 1, c: undefined })).toEqual(hex('81a16201'))
    const many = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`key${index}`, index % 2 ? index : undefined]),
    )
    expect(decoded(encoded(many))).toEqual(JSON.parse(JSON.stringify(many)))
  })

  it('reads forms that other writers choose', () => {
    expect(decoded(hex('ca3fc00000'))).toBe(1.5)
    expect(decoded(hex('d30000000000000005'))).toBe(5n)
    expect(decoded(hex('da000161'))).toBe('a')
    expect(decoded(hex('db0000000161'))).toBe('a')
    expect(decoded(hex('dd0000000101'))).toEqual([1])
    expect(decoded(hex('df0000000101c0'))).toEqual({ 1: null })
    expect(decoded(hex('c70cff000000000000000000000001'))).toEqual(new Date(1000))
    expect(decoded(hex('d54d0100'))).toEqual(Int16Array.of(1))
    expect(decoded(hex('c9000000024d0100'))).toEqual(Int16Array.of(1))
  })

  it.each<[what: string, value: unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['a RegExp', /x/],
    ['an Error', new Error('x')],
    ['a Number object', Object(1)],
    ['a Boolean object', Object(false)],
    ['a BigInt object', Object(1n)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a promise', Promise.resolve()],
    ['a weak reference', new WeakRef({})],
    ['a class instance', new (class Quote {})()],
    ['an instance of a class that extends null', Object.create(Object.create(null))],
    ['an instance of a subclass of Array', new (class List extends Array {})()],
    ['an instance of a subclass of Date', new (class Day extends Date {})()],
    ['an instance of a subclass of Int16Array', new (class Samples extends Int16Array {})(2)],
    ['arguments', argumentsOf(1, 2)],
    ['Math', Math],
    ['an object with a symbol as key', { [Symbol('x')]: 1 }],
    ['an invalid Date', new Date(Number.NaN)],
    ['a bigint above 64 bits', 2n ** 64n],
    ['a bigint below 64 bits', -(2n ** 63n) - 1n],
    ['half of a surrogate pair', 'a\ud800b'],
    ['half of a surrogate pair in a long text', `${'ä'.repeat(500)}\udc00`],
  ])('refuses %s by a TypeError, wherever it is', (_what, value) => {
    expect(refusal(value).message).toMatch(/^value: MessagePack cannot carry /)
    expect(refusal([1, value]).message).toMatch(/^value\[1\]: MessagePack cannot carry /)
    if (value !== undefined)
      expect(refusal({ a: { b: value } }).message).toMatch(/^value\.a\.b: MessagePack cannot carry /)
    expect(encoded(1)).toEqual(hex('01'))
  })

  it('names the path of what it refuses', () => {
    expect(refusal({ samples: [0, 0, 0, { when: new Map() }] }).message).toBe(
      'value.samples[3].when: MessagePack cannot carry an object (Map): it carries null, booleans, numbers, bigints, ' +
        'strings, Dates, typed arrays, arrays and plain objects',
    )
    expect(refusal({ 'a b': { '0': [undefined] } }).message).toMatch(/^value\["a b"\]\["0"\]\[0\]: .* undefined/)
    expect(refusal({ '\ud800': 1 }).message).toBe(
      'value["\\ud800"]: MessagePack cannot carry the string "\\ud800": it contains half of a surrogate pair',
    )
    const note = union({ note: payload.utf8, pack: messagepack<unknown>() })
    expect(() => note.measure({ kind: 'pack', value: { a: [new Set()] } })).toThrow(
      'value.a[0]: MessagePack cannot carry',
    )
  })

  it('carries 256 levels, and refuses more, and a value that contains itself', () => {
    let deep: unknown[] = []
    for (let level = 1; level < 256; level++) deep = [deep]
    expect(decoded(encoded(deep))).toEqual(deep)
    expect(refusal([deep]).message).toMatch(/nests arrays and objects more than 256 deep, or contains itself$/)
    const list: unknown[] = []
    list.push(list)
    const object: { self?: unknown } = {}
    object.self = object
    for (const cycle of [list, object]) expect(refusal(cycle).message).toMatch(/contains itself$/)
    expect(refusal(object).message.length).toBeLessThan(250)
  })

  it('keeps a value whole while its getter encodes another one', () => {
    const value = {
      before: 1,
      get inner() {
        return encoded({ secret: 'of another stream' }).length
      },
      after: 2,
    }
    expect(decoded(encoded(value))).toEqual({ before: 1, inner: 26, after: 2 })
  })

  it('believes no length that a typed array claims', () => {
    const claims = (array: Uint8Array | Int16Array) =>
      Object.defineProperties(array, { length: { value: 100 }, byteLength: { value: 100 }, byteOffset: { value: 0 } })
    expect(refusal(claims(Uint8Array.of(1, 2))).message).toMatch(/it has 2 bytes but claims another length$/)
    expect(encoded(claims(Int16Array.of(1)))).toEqual(hex('d54d0100'))
  })

  it('sends no byte of an earlier message for a getter that shows another value to the encoder', () => {
    encoded('secret of another message'.repeat(10))
    let asked = 0
    const value = {
      get bytes() {
        const bytes = Uint8Array.of(1, 2)
        return asked++ === 0 ? bytes : Object.defineProperty(bytes, 'length', { value: 100 })
      },
    }
    expect(() => encoded(value)).toThrow(TypeError)
  })

  it('throws the error of a getter as it is', () => {
    const problem = new Error('from the getter')
    const value = {
      get bad() {
        throw problem
      },
    }
    expect(() => codec.measure(value)).toThrow(problem)
  })

  it('gives its memory back after a large message', () => {
    const large = 'x'.repeat(3_000_000)
    expect(decoded(encoded(large))).toBe(large)
    expect(encoded(1)).toEqual(hex('01'))
    expect(decoded(encoded(large))).toBe(large)
  })

  it.each([
    ['nothing', ''],
    ['more than one value', '0000'],
    ['the byte that means nothing', 'c1'],
    ['text whose length is not there', 'dbffffffff'],
    ['bytes whose length is not there', 'c6ffffffff00'],
    ['an extension whose length is not there', 'c9ffffffff4d00'],
    ['an array whose elements are not there', 'ddffffffff'],
    ['a map whose entries are not there', 'dfffffffff0000'],
    ['an array that promises more elements than there are bytes', '9201'],
    ['a map that lacks a value', '8101'],
    ['half a number', 'cb3ff8'],
    ['a record of msgpackr', 'd4724093a161a162a163010203'],
    ['an extension of another program', 'c7030a010203'],
    ['a typed array with half an element', 'c7034d010203'],
    ['a timestamp of a wrong length', 'd4ff00'],
    ['a timestamp with too many nanoseconds', 'd7ffffffffff00000000'],
    ['a timestamp that no Date can hold', 'c70cff000000007fffffffffffffff'],
    ['nested arrays without end', `${'91'.repeat(100_000)}00`],
    ['nested maps without end', `${'81a161'.repeat(100_000)}00`],
    ['257 nested arrays', `${'91'.repeat(256)}90`],
    ['an array as key', '819000'],
    ['a map as key', '818000'],
    ['nil as key', '81c000'],
  ])('refuses %s by CORRUPT', (_what, bytes) => {
    expect(() => decoded(hex(bytes))).toThrow(corrupt)
    expect(decoded(hex('01'))).toBe(1)
  })

  it('says where in the lane it found something wrong', () => {
    const data = new DataView(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0x92, 0x01, 0xc1]).buffer)
    expect(() => codec.decode(data, 8, 3)).toThrow(
      expect.objectContaining({ offset: 10, message: 'MessagePack at offset 10: no value begins with byte 193' }),
    )
  })

  it('makes equal keys of different messages from their own bytes', () => {
    const keys = Array.from({ length: 2000 }, (_, index) => `k${index}`)
    for (const key of [...keys, ...keys]) expect(decoded(encoded({ [key]: 1 }))).toEqual({ [key]: 1 })
  })

  it('refuses to write a value other than the one it measured last', () => {
    const data = new DataView(new ArrayBuffer(64))
    codec.measure([1, 2, 3])
    codec.measure(1)
    expect(() => codec.encode(data, 0, [1, 2, 3])).toThrow(TypeError)
    codec.measure(1)
    expect(() => codec.measure(new Map())).toThrow(TypeError)
    expect(() => codec.encode(data, 0, 1)).toThrow(TypeError)
  })
})
