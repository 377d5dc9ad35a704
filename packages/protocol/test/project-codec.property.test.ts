import { seed } from '@memlane/testing/seed'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyCodec } from '../src/index.js'
import { codecFromDescriptor, codecOf, Difference, encodeDescriptor, projectCodec } from '../src/internal.js'
import {
  anySpec,
  expected,
  grown,
  LEAVES,
  layoutOf,
  type Spec,
  schemaOf,
  shown,
  structSpec,
  valuesOf,
} from './random-schema.js'

/** Writes a value as a message, and reads it by another codec: as a copy, and in place. */
function passed(writer: AnyCodec, reader: AnyCodec, value: unknown): { copy: unknown; inPlace: unknown } {
  const measured = writer.measure(value)
  const data = new DataView(new ArrayBuffer(64 + measured).slice(0))
  new Uint8Array(data.buffer).fill(0xa5)
  const length = writer.encode(data, 8, value)
  const view = (reader.readonlyView ?? reader.view)(data)
  return { copy: reader.decode(data, 8, length), inPlace: shown(view.at(8, length)) }
}

/** Scalars show as `{ value }` in place, and so do members of unions that are scalars. */
const inPlaceOf = (spec: Spec, value: unknown): unknown => {
  if (spec.kind === 'leaf') return value instanceof Uint8Array ? value : { value }
  if (spec.kind !== 'union') return value
  const { kind, value: inner } = value as { kind: string; value: unknown }
  const member = spec.members.find(({ name }) => name === kind)
  return { kind, value: inPlaceOf(member?.spec as Spec, inner) }
}

describe('a reader of a schema that has grown', () => {
  it('gets its own fields, whatever was added and wherever they have moved', () => {
    const cases = anySpec
      .chain((spec) => fc.tuple(fc.constant(spec), grown(spec)))
      .chain(([spec, writers]) => {
        return fc.tuple(fc.constant(spec), fc.constant(writers), valuesOf(writers))
      })
    fc.assert(
      fc.property(cases, ([spec, writers, value]) => {
        const [reader, writer] = [codecOf(schemaOf(spec)), codecOf(schemaOf(writers))]
        const projected = projectCodec(writer.descriptor, reader)
        if (projected instanceof Difference) throw new Error(`refused: ${JSON.stringify(projected)}`)
        const wanted = expected(spec, value)
        const { copy, inPlace } = passed(writer as AnyCodec, projected, value)
        expect(copy).toEqual(wanted)
        expect(inPlace).toEqual(inPlaceOf(spec, wanted))
        if (spec.kind === 'struct') expect(Object.keys(copy as object)).toEqual(spec.fields.map(({ name }) => name))
      }),
      { seed, numRuns: 300 },
    )
  })

  it('is refused if a field has gone or has another type, and the path of that field is named', () => {
    const change = fc.tuple(fc.nat(), fc.option(fc.constantFrom(...LEAVES)))
    const cases = structSpec.chain((spec) => fc.tuple(fc.constant(spec), grown(spec), change))
    fc.assert(
      fc.property(cases, ([spec, writers, [place, other]]) => {
        const changed = withoutOneField(spec, writers, place, other)
        if (changed === undefined) return
        const difference = projectCodec(codecOf(layoutOf(changed.writers)).descriptor, codecOf(layoutOf(spec)))
        expect(difference).toBeInstanceOf(Difference)
        expect((difference as Difference).path).toEqual(changed.path)
      }),
      { seed, numRuns: 300 },
    )
  })
})

interface Changed {
  readonly writers: Spec
  readonly path: readonly string[]
}

/** Removes or retypes one of the reader's fields in the writers' schema; undefined if that would be the same type, or leave no field. */
function withoutOneField(reader: Spec, writers: Spec, place: number, other: Spec | null): Changed | undefined {
  if (reader.kind !== 'struct' || writers.kind !== 'struct') return undefined
  const field = reader.fields[place % reader.fields.length] as (typeof reader.fields)[number]
  const index = writers.fields.findIndex(({ name }) => name === field.name)
  const found = writers.fields[index] as (typeof reader.fields)[number]
  const inner = withoutOneField(field.spec, found.spec, place >> 3, other)
  const fields = [...writers.fields]
  if (inner !== undefined) {
    fields[index] = { ...found, spec: inner.writers }
    return { writers: { ...writers, fields }, path: [field.name, ...inner.path] }
  }
  if (other === field.spec || (other === null && fields.length === 1)) return undefined
  if (other === null) fields.splice(index, 1)
  else fields[index] = { ...found, spec: other }
  return { writers: { ...writers, fields }, path: [field.name] }
}

describe('a reader without a schema', () => {
  it('reads whatever was written, by the names and types of the descriptor', () => {
    const cases = anySpec.chain((spec) => fc.tuple(fc.constant(spec), valuesOf(spec)))
    fc.assert(
      fc.property(cases, ([spec, value]) => {
        const writer = codecOf(schemaOf(spec)) as AnyCodec
        const reader = codecFromDescriptor(encodeDescriptor(writer.descriptor), 0)
        expect(reader.descriptor).toEqual(writer.descriptor)
        expect(passed(writer, reader, value)).toEqual(passed(writer, writer, value))
      }),
      { seed, numRuns: 300 },
    )
  })
})
