import { describe, expect, it } from 'vitest'
import { array, bool32, bytes, enumeration, f64, payload, struct, u8, u16, u32, union, utf8 } from '../src/index.js'
import { codecFromDescriptor, codecOf, encodeDescriptor } from '../src/internal.js'

const OFFSET = 4096
const from = (text: string) => codecFromDescriptor(new TextEncoder().encode(text), OFFSET)
/** Reads a descriptor that has the right spelling but may describe nothing. */
const fromJson = (descriptor: unknown) => codecFromDescriptor(encodeDescriptor(descriptor as never), OFFSET)
const refusal = (attempt: () => unknown): { code?: string; offset?: number; message: string } => {
  try {
    attempt()
  } catch (error) {
    return error as Error
  }
  return { message: 'accepted' }
}

const Path = struct(
  'Path',
  {
    version: u32,
    state: enumeration(u16, { idle: 0, busy: 1 }),
    points: array(struct('Point', { x: f64, y: u8 }), 3),
    name: utf8(6, { terminator: 'optional' }),
    raw: bytes(3),
    on: bool32,
  },
  { length: 96, consistency: { sequence: 'version' } },
)
const u8Descriptor = u8.descriptor
const structOf = (...fields: object[]) => ({ kind: 'struct', name: 'S', length: 8, alignment: 1, fields })

describe('a codec made from a descriptor', () => {
  it.each([
    ['a struct with all kinds of fields', Path],
    ['a packed struct', struct('Packed', { a: u8, b: u32 }, { packed: true })],
    ['a packed struct whose fields happen to be aligned', struct('Packed', { a: u32, b: u32 }, { packed: true })],
    ['fields that share bytes', struct('Both', { a: u32, b: u16 }, { length: 8, overlap: true })],
    ['a union', union({ path: Path, note: payload.utf8, inner: union({ a: u8, b: payload.json() }) })],
    ['a number', u32],
    ['bytes', payload.bytes],
  ])('describes %s by the same bytes', (_what, schema) => {
    const encoded = encodeDescriptor(codecOf(schema).descriptor)
    expect(encodeDescriptor(codecFromDescriptor(encoded, 0).descriptor)).toEqual(encoded)
  })

  it('needs the entry point of MessagePack for MessagePack', async () => {
    const descriptor = '{"kind":"union","members":[{"name":"a","payload":{"encoding":"messagepack","kind":"payload"}}]}'
    const before = refusal(() => from(descriptor))
    expect(before).toBeInstanceOf(TypeError)
    expect(before.message).toContain("import 'memlane/messagepack'")
    const { messagepack } = await import('../src/codec/messagepack.js')
    const [writer, reader] = [union({ a: messagepack() }), from(descriptor)]
    const data = new DataView(new ArrayBuffer(64))
    const message = { kind: 'a', value: { when: new Date(5) } } as const
    writer.measure(message)
    expect(reader.decode(data, 0, writer.encode(data, 0, message))).toEqual(message)
  })
})

describe('a descriptor that describes nothing', () => {
  it.each<[what: string, descriptor: unknown, reason: string]>([
    ['is no object', 7, 'expected an object, not 7'],
    ['is a list', [], 'expected an object, not a list'],
    ['has an unknown kind', { kind: 'u128', length: 16, alignment: 16 }, 'kind: "u128" is no kind of payload'],
    ['has a kind of every object', { kind: 'constructor' }, 'kind: "constructor" is no kind of payload'],
    ['has an unknown encoding', { kind: 'payload', encoding: 'xml' }, 'encoding: "xml" is no encoding'],
    ['has an unknown key', { ...u8Descriptor, endian: 'big' }, 'endian: expected undefined, not "big"'],
    ['has a wrong length', { ...u8Descriptor, length: 2 }, 'length: expected 1, not 2'],
    ['has a wrong alignment', { ...u8Descriptor, alignment: 4 }, 'alignment: expected 1, not 4'],
    ['has no fields', structOf(), 'struct S has no fields'],
    ['has fields that are no list', { ...structOf(), fields: { length: 1 } }, 'fields: expected a list'],
    ['has a field that is no object', structOf(null as never), 'fields[0]: expected an object, not null'],
    [
      'has a field without a name',
      structOf({ offset: 0, layout: u8Descriptor }),
      'fields[0]: name: undefined is no name',
    ],
    [
      'has the same field twice',
      structOf({ name: 'a', offset: 0, layout: u8Descriptor }, { name: 'a', offset: 1, layout: u8Descriptor }),
      'fields[1]: its name occurs twice',
    ],
    [
      'has a field that changes prototypes',
      structOf({ name: '__proto__', offset: 0, layout: u8Descriptor }),
      'cannot be',
    ],
    [
      'has a hidden field',
      structOf({ name: '\0data', offset: 0, layout: u8Descriptor }),
      'cannot be the name of a field',
    ],
    ['has a field outside', structOf({ name: 'a', offset: 8, layout: u8Descriptor }), 'beyond its length 8'],
    ['has a field before its start', structOf({ name: 'a', offset: -1, layout: u8Descriptor }), 'offset -1'],
    ['has a field at a fraction', structOf({ name: 'a', offset: 0.5, layout: u8Descriptor }), 'offset 0.5'],
    [
      'has a payload as a field',
      structOf({ name: 'a', offset: 0, layout: { kind: 'payload', encoding: 'utf8' } }),
      'kind',
    ],
    ['has an empty struct', { ...structOf({ name: 'a', offset: 0, layout: u8Descriptor }), length: 0 }, '0 is not'],
    ['has no element', { kind: 'array', count: 0, length: 0, alignment: 1, element: u8Descriptor }, '0 is not'],
    [
      'has too many elements',
      { kind: 'array', count: 2 ** 40, length: 2 ** 40, alignment: 1, element: u8Descriptor },
      'too many',
    ],
    [
      'has a count that is text',
      { kind: 'array', count: '2', length: 2, alignment: 1, element: u8Descriptor },
      '2 is not',
    ],
    [
      'has unknown text',
      { kind: 'text', encoding: 'ebcdic', terminator: 'required', length: 8, alignment: 1 },
      'ebcdic',
    ],
    [
      'has an enumeration of bigints',
      { kind: 'enumeration', base: { kind: 'i64', length: 8, alignment: 8 }, names: { a: 1 }, length: 8, alignment: 8 },
      'a: expected a bigint',
    ],
    [
      'has no names',
      { kind: 'enumeration', base: u8Descriptor, names: {}, length: 1, alignment: 1 },
      'at least one name',
    ],
    [
      'has names that are no object',
      { kind: 'enumeration', base: u8Descriptor, names: null, length: 1, alignment: 1 },
      'null',
    ],
    [
      'has a number that does not fit',
      { kind: 'enumeration', base: u8Descriptor, names: { a: 256 }, length: 1, alignment: 1 },
      '256',
    ],
    ['has no members', { kind: 'union', members: [] }, 'number of union members'],
    [
      'has a member with a bad name',
      { kind: 'union', members: [{ name: '7', payload: u8Descriptor }] },
      'cannot be the name',
    ],
    [
      'has a version word that does not exist',
      { ...structOf({ name: 'a', offset: 0, layout: u8Descriptor }), consistency: { sequence: 'b' } },
      'version word b',
    ],
    [
      'converts to text by itself',
      { kind: { toString: 1 }, constructor: { name: { toString: null } } },
      'kind: an object',
    ],
  ])('%s, and is CORRUPT', (_what, descriptor, reason) => {
    const refused = refusal(() => fromJson(descriptor))
    expect(refused).toMatchObject({ code: 'CORRUPT', offset: OFFSET })
    expect(refused.message).toContain(reason)
  })

  it.each([
    ['is no JSON', '{', 'not JSON in UTF-8'],
    ['is followed by white space', '{"encoding":"utf8","kind":"payload"} ', 'not spelled'],
    ['has its keys in another order', '{"kind":"payload","encoding":"utf8"}', 'not spelled'],
    ['has a key twice', '{"encoding":"json","encoding":"utf8","kind":"payload"}', 'not spelled'],
    ['has a prototype', '{"__proto__":{"a":1},"encoding":"utf8","kind":"payload"}', 'schema is wrong'],
  ])('%s, and is CORRUPT', (_what, text, reason) => {
    const refused = refusal(() => from(text))
    expect(refused).toMatchObject({ code: 'CORRUPT', offset: OFFSET })
    expect(refused.message).toContain(reason)
  })

  it('is refused if it is too deep, whatever the nesting is made of', () => {
    const deep = (open: string, close: string) =>
      `${open.repeat(10_000)}${JSON.stringify(u8Descriptor)}${close.repeat(10_000)}`
    for (const text of [
      deep('{"alignment":1,"count":1,"element":', ',"kind":"array","length":1}'),
      deep('{"kind":"union","members":[{"name":"a","payload":', '}]}'),
      deep('{"alignment":1,"fields":[{"layout":', ',"name":"a","offset":0}],"kind":"struct","length":1,"name":"S"}'),
      deep('{"alignment":1,"base":', ',"kind":"enumeration","length":1,"names":{"a":1}}'),
      deep('[', ']'),
      `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)},"encoding":"utf8","kind":"payload"}`,
    ]) {
      expect(refusal(() => from(text))).toMatchObject({ code: 'CORRUPT', offset: OFFSET })
    }
  })

  it('is refused if it has too many parts', () => {
    const fields = Array.from({ length: 5000 }, (_, index) => ({ name: `f${index}`, offset: 0, layout: u8Descriptor }))
    expect(refusal(() => fromJson(structOf(...fields))).message).toContain('more than 4096 parts')
  })

  it('is refused if its fields share so many bytes that a message would read as far more than it is', () => {
    const half = { kind: 'array', element: u8Descriptor, count: 2 ** 20, length: 2 ** 20, alignment: 1 }
    const fields = Array.from({ length: 100 }, (_, index) => ({ name: `f${index}`, offset: 0, layout: half }))
    const refused = refusal(() => fromJson({ ...structOf(...fields), length: 2 ** 20 }))
    expect(refused.message).toContain('a message of 1048576 bytes would read as 104857600')
    const few = { ...structOf(...fields.slice(0, 16)), length: 2 ** 20 }
    expect(fromJson(few).fixedLength).toBe(2 ** 20)
  })

  it('stays short in the error, and shows no control characters', () => {
    const refused = refusal(() => fromJson({ ...structOf(), name: `\u001b${'x'.repeat(10_000)}` }))
    expect(refused.message.length).toBeLessThan(300)
    expect(refused.message).not.toContain('\u001b')
  })

  it('runs no code that its names hold', () => {
    const names = [
      '"]; globalThis.stolen = 1; //',
      '`$\u007b(globalThis.stolen = 1)}`',
      '\u2028globalThis.stolen = 1',
      'a\\',
    ]
    const fields = names.map((name, offset) => ({ name, offset, layout: u8Descriptor }))
    const codec = fromJson(structOf(...fields))
    const data = new DataView(new ArrayBuffer(8))
    expect(Object.keys(codec.decode(data, 0, 8) as object)).toEqual(names)
    expect(Object.keys(codec.readonlyView?.(data).at(0, 8) as object)).toEqual(names)
    expect('stolen' in globalThis).toBe(false)
  })
})
