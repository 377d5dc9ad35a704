import type { LayoutDescriptor, PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'
import { UNION_HEADER_LENGTH } from '@memlane/protocol/internal'
import { declareSchema } from './declare-schema.js'
import type { SchemaInspection, SchemaRow } from './schema-inspection.js'

/** Describes a schema that was checked. */
export function describeSchema(descriptor: SchemaDescriptor, hash: bigint): SchemaInspection {
  return {
    name: 'name' in descriptor ? descriptor.name : typeOf(descriptor),
    descriptor,
    hash: hash.toString(16).padStart(16, '0'),
    rows: rowsOf(descriptor),
    typescript: declareSchema(descriptor),
  }
}

function rowsOf(descriptor: SchemaDescriptor): SchemaRow[] {
  switch (descriptor.kind) {
    case 'board':
      return descriptor.members.flatMap(({ name, payload }) => rowsAt(name, payload, 0))
    case 'api':
      return descriptor.procedures.flatMap(({ name, request, answer, streams }) => {
        const [first, ...parts] = rowsAt(`${name}.answer`, answer, 0) as [SchemaRow, ...SchemaRow[]]
        const answers = [streams ? { ...first, type: `stream of ${first.type}` } : first, ...parts]
        return [...rowsAt(`${name}.request`, request, 0), ...answers]
      })
    default:
      return rowsAt('', descriptor, 0)
  }
}

/** One row for a payload, and one for each of its parts. */
function rowsAt(path: string, descriptor: PayloadDescriptor, offset: number): SchemaRow[] {
  const length = 'length' in descriptor ? descriptor.length : undefined
  const row: SchemaRow = { path, type: typeOf(descriptor), offset, length }
  switch (descriptor.kind) {
    case 'struct':
      return [
        row,
        ...descriptor.fields.flatMap((field) => rowsAt(under(path, field.name), field.layout, offset + field.offset)),
      ]
    case 'union':
      return [
        row,
        ...descriptor.members.flatMap(({ name, payload }) => {
          return rowsAt(under(path, name), payload, offset + UNION_HEADER_LENGTH)
        }),
      ]
    case 'array': {
      const [, ...parts] = rowsAt(`${path}[]`, descriptor.element, 0)
      return [row, ...parts]
    }
    default:
      return [row]
  }
}

function typeOf(descriptor: SchemaDescriptor): string {
  switch (descriptor.kind) {
    case 'payload':
      return descriptor.encoding
    case 'union':
    case 'board':
    case 'api':
      return descriptor.kind
    default:
      return layoutType(descriptor)
  }
}

function layoutType(layout: LayoutDescriptor): string {
  switch (layout.kind) {
    case 'bool':
      return layout.length === 4 ? 'bool32' : 'bool'
    case 'bytes':
      return `bytes(${layout.length})`
    case 'text':
      return `${layout.encoding}(${Math.floor(layout.length / layout.alignment)})`
    case 'enumeration':
      return `${layoutType(layout.base)} of ${Object.keys(layout.names).join(' | ')}`
    case 'array':
      return `${layoutType(layout.element)}[${layout.count}]`
    case 'struct':
      return `struct ${layout.name}`
    default:
      return layout.kind
  }
}

function under(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
