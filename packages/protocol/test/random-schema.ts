import fc from 'fast-check'
import {
  type AnyLayout,
  array,
  at,
  bool,
  bool32,
  bytes,
  enumeration,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  latin1,
  payload,
  type Schema,
  struct,
  u8,
  u16,
  u32,
  u64,
  union,
  utf8,
  utf16le,
} from '../src/index.js'

/** A schema as data, so that tests can change it and predict what a reader gets. */
export type Spec =
  | { readonly kind: 'leaf'; readonly layout: AnyLayout; readonly value: fc.Arbitrary<unknown> }
  | { readonly kind: 'text'; readonly codec: Schema; readonly value: fc.Arbitrary<unknown> }
  | { readonly kind: 'array'; readonly element: Spec; readonly count: number }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly Field[] }
  | { readonly kind: 'union'; readonly members: readonly Field[] }

interface Field {
  readonly name: string
  readonly spec: Spec
  /** Bytes left out before the field, which then need not be aligned. 0: as C places it. */
  readonly gap: number
}

const leaf = (layout: AnyLayout, value: fc.Arbitrary<unknown>): Spec => ({ kind: 'leaf', layout, value })
export const LEAVES: readonly Spec[] = [
  leaf(i8, fc.integer({ min: -128, max: 127 })),
  leaf(u8, fc.nat(255)),
  leaf(i16, fc.integer({ min: -32768, max: 32767 })),
  leaf(u16, fc.nat(65535)),
  leaf(i32, fc.integer()),
  leaf(u32, fc.nat(0xffffffff)),
  leaf(i64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  leaf(u64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  leaf(f32, fc.float()),
  leaf(f64, fc.double()),
  leaf(bool, fc.boolean()),
  leaf(bool32, fc.boolean()),
  leaf(enumeration(u8, { off: 0, on: 1 }), fc.constantFrom('off', 'on')),
  leaf(utf8(9), fc.string({ unit: fc.constantFrom('a', 'ä', '€'), maxLength: 2 })),
  leaf(latin1(4), fc.string({ unit: fc.constantFrom('a', 'ä'), maxLength: 3 })),
  leaf(utf16le(3), fc.string({ unit: fc.constantFrom('a', '€'), maxLength: 2 })),
  leaf(bytes(3), fc.uint8Array({ minLength: 3, maxLength: 3 })),
]
/** JSON has no -0. */
const jsonValue = fc
  .jsonValue({ noUnicodeString: true } as never)
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
const varying: readonly Spec[] = [
  { kind: 'text', codec: payload.utf8, value: fc.string({ unit: fc.constantFrom('a', 'ä', '€') }) },
  { kind: 'text', codec: payload.bytes, value: fc.uint8Array({ maxLength: 40 }) },
  { kind: 'text', codec: payload.json(), value: jsonValue },
]

/** Names that would break source code if they got into it unquoted, and others. */
const name = fc.oneof(
  fc.constantFrom('"', "'", '`', '$\u007bx}', '\\', '\u2028', '\n', '*/', ']', '\ud800', 'constructor', 'toString'),
  fc.constantFrom('view', 'offset', 'slow', 'value', 'v0', 'length', 'then', 'name'),
  fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !/^(?:\d+|__proto__|)$/.test(text) && text[0] !== '\0'),
)
const fieldsOf = (spec: fc.Arbitrary<Spec>, maxLength: number) =>
  fc.uniqueArray(fc.record({ name, spec, gap: fc.constantFrom(0, 0, 0, 1, 3, 8) }), {
    minLength: 1,
    maxLength,
    selector: (field) => field.name,
  })

const { layout: layoutSpec } = fc.letrec<{ layout: Spec; array: Spec; struct: Spec }>((tie) => ({
  layout: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constantFrom(...LEAVES), tie('array'), tie('struct')),
  array: fc.record({
    kind: fc.constant('array' as const),
    element: tie('layout'),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  struct: fc.record({ kind: fc.constant('struct' as const), name, fields: fieldsOf(tie('layout'), 5) }),
}))
export const structSpec: fc.Arbitrary<Spec> = fc.record({
  kind: fc.constant('struct' as const),
  name,
  fields: fieldsOf(layoutSpec, 6),
})
const unionSpec: fc.Arbitrary<Spec> = fc.record({
  kind: fc.constant('union' as const),
  members: fieldsOf(fc.oneof(layoutSpec, fc.constantFrom(...varying)), 4),
})
export const anySpec: fc.Arbitrary<Spec> = fc.oneof(layoutSpec, structSpec, unionSpec, fc.constantFrom(...varying))

/** Changes a schema in ways that its readers must not notice. */
export function grown(spec: Spec): fc.Arbitrary<Spec> {
  if (spec.kind === 'array') return grown(spec.element).map((element) => ({ ...spec, element }))
  if (spec.kind === 'union') {
    return changed(spec.members).map((members) => ({ ...spec, members }))
  }
  if (spec.kind !== 'struct') return fc.constant(spec)
  const known = new Set(spec.fields.map((field) => field.name))
  const added = fieldsOf(layoutSpec, 3).map((fields) => fields.filter((field) => !known.has(field.name)))
  return fc
    .tuple(changed(spec.fields), added)
    .chain(([old, more]) => shuffled([...old, ...more]))
    .map((fields) => ({ ...spec, fields }))
}

/** Grows the types of fields, and moves the fields. */
const changed = (fields: readonly Field[]): fc.Arbitrary<Field[]> =>
  fc
    .tuple(...fields.map((field) => fc.tuple(grown(field.spec), fc.constantFrom(0, 0, 1, 8))))
    .map((all) => all.map(([spec, gap], index) => ({ ...(fields[index] as Field), spec, gap })))
    .chain(shuffled)

const shuffled = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...values], { minLength: values.length, maxLength: values.length })

export function schemaOf(spec: Spec): Schema {
  if (spec.kind === 'text') return spec.codec
  if (spec.kind !== 'union') return layoutOf(spec)
  return union(Object.fromEntries(spec.members.map((member) => [member.name, schemaOf(member.spec)])))
}

export function layoutOf(spec: Spec): AnyLayout {
  if (spec.kind === 'leaf') return spec.layout
  if (spec.kind === 'array') return array(layoutOf(spec.element), spec.count)
  if (spec.kind !== 'struct') throw new Error(`${spec.kind} is no layout`)
  let end = 0
  const placed = spec.fields.map(({ name, spec, gap }) => {
    const layout = layoutOf(spec)
    const offset = gap === 0 ? Math.ceil(end / layout.alignment) * layout.alignment : end + gap
    end = offset + layout.length
    return [name, gap === 0 ? layout : at(offset, layout)] as const
  })
  return struct(spec.name, Object.fromEntries(placed))
}

export function valuesOf(spec: Spec): fc.Arbitrary<unknown> {
  if (spec.kind === 'array') return fc.array(valuesOf(spec.element), { minLength: spec.count, maxLength: spec.count })
  if (spec.kind === 'union') {
    return fc.oneof(
      ...spec.members.map(({ name, spec }) => fc.record({ kind: fc.constant(name), value: valuesOf(spec) })),
    )
  }
  if (spec.kind !== 'struct') return spec.value
  return fc.record(
    Object.fromEntries(spec.fields.map(({ name, spec }) => [name, valuesOf(spec)])),
  ) as fc.Arbitrary<unknown>
}

/** What a reader of `spec` must get of a value that was written by a grown schema. */
export function expected(spec: Spec, value: unknown): unknown {
  if (spec.kind === 'array') return (value as unknown[]).map((each) => expected(spec.element, each))
  const record = value as Readonly<Record<string, unknown>>
  if (spec.kind === 'union') {
    const member = spec.members.find(({ name }) => name === record.kind) as Field
    return { kind: record.kind, value: expected(member.spec, record.value) }
  }
  if (spec.kind !== 'struct') return value
  return Object.fromEntries(spec.fields.map(({ name, spec }) => [name, expected(spec, record[name])]))
}

/** Copies what a view shows through its own properties and methods. */
export function shown(view: unknown): unknown {
  if (typeof view !== 'object' || view === null || Array.isArray(view)) return view
  if ('copyTo' in view && typeof view.copyTo === 'function') {
    const elements = view as unknown as Iterable<unknown> & { slice?: () => Uint8Array }
    return elements.slice === undefined ? Array.from(elements, shown) : elements.slice()
  }
  return Object.fromEntries(Object.entries(view).map(([key, inner]) => [key, shown(inner)]))
}
