/**
 * The columns of a table of messages: one for each number, text or run of bytes in the schema. Structs become `leg.price`,
 * elements of arrays `sizes[0]`. An array of more than 16 elements, JSON and MessagePack become one column with JSON text.
 */

import { messageJson } from '@memlane/inspect/internal'
import type { LayoutDescriptor, PayloadDescriptor } from '@memlane/protocol'

const MAX_ELEMENTS = 16

/** What the cells of a column are, besides undefined for what is not there. */
export type ColumnType = 'int32' | 'int64' | 'uint64' | 'time' | 'float' | 'double' | 'bool' | 'text' | 'bytes'

/** One column. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** Takes the cell out of a message. */
  readonly cellOf: (value: unknown) => unknown
}

/** Lists the columns of a schema. */
export function columnsOf(descriptor: PayloadDescriptor): Column[] {
  switch (descriptor.kind) {
    case 'union':
      return [
        { name: 'kind', type: 'text', cellOf: (message) => (message as { kind: string }).kind },
        ...descriptor.members.flatMap(({ name, payload }) =>
          inside(name, columnsOf(payload), (message) => {
            const { kind, value } = message as { kind: string; value: unknown }
            return kind === name ? value : undefined
          }),
        ),
      ]
    case 'payload':
      if (descriptor.encoding === 'bytes') return [cell('bytes')]
      return [descriptor.encoding === 'utf8' ? cell('text') : jsonColumn(descriptor)]
    default:
      return layoutColumns(descriptor)
  }
}

function layoutColumns(layout: LayoutDescriptor): Column[] {
  switch (layout.kind) {
    case 'struct':
      return layout.fields.flatMap(({ name, layout: inner }) =>
        inside(name, layoutColumns(inner), (value) => (value as Record<string, unknown>)[name]),
      )
    case 'array':
      if (layout.count > MAX_ELEMENTS) return [jsonColumn(layout)]
      return Array.from({ length: layout.count }, (_, index) =>
        inside(`[${index}]`, layoutColumns(layout.element), (value) => (value as unknown[])[index]),
      ).flat()
    case 'enumeration':
      return [{ ...cell('text'), cellOf: (value) => (value === undefined ? undefined : String(value)) }]
    default:
      return [cell(TYPES[layout.kind])]
  }
}

const TYPES = {
  i8: 'int32',
  u8: 'int32',
  i16: 'int32',
  u16: 'int32',
  i32: 'int32',
  u32: 'int64',
  i64: 'int64',
  u64: 'uint64',
  f32: 'float',
  f64: 'double',
  bool: 'bool',
  text: 'text',
  bytes: 'bytes',
} as const satisfies Record<string, ColumnType>

/** The only column of a value. Its name is made later. */
function cell(type: ColumnType): Column {
  return { name: '', type, cellOf: (value) => value }
}

function jsonColumn(descriptor: PayloadDescriptor): Column {
  const { write } = messageJson(descriptor)
  const isWrapped = descriptor.kind !== 'payload'
  return {
    ...cell('text'),
    cellOf(value) {
      if (value === undefined) return undefined
      const text = write(value)
      return isWrapped ? text.slice('{"value":'.length, -1) : text
    },
  }
}

/** Puts columns under a name. A value that is not there has no parts. */
function inside(name: string, columns: readonly Column[], part: (value: unknown) => unknown): Column[] {
  return columns.map((column) => ({
    ...column,
    name: column.name === '' ? name : `${name}${column.name.startsWith('[') ? '' : '.'}${column.name}`,
    cellOf(value) {
      const inner = value === undefined ? undefined : part(value)
      return inner === undefined ? undefined : column.cellOf(inner)
    },
  }))
}
