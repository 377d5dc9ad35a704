import type { SchemaDescriptor } from '@memlane/protocol'
import type { Difference } from '@memlane/protocol/internal'

/** Limits of what a message shows: rows of a schema, characters of a name, levels. The bytes in memory may be anything. */
const MAX_ROWS = 40
const MAX_NAME_LENGTH = 40
const MAX_DEPTH = 8

/** One line of a schema's table. */
interface Row {
  readonly field: string
  readonly type: string
  /** Bytes from the start of the payload, and empty for a payload without a layout. */
  readonly offset: string
}

/** A schema as people read it. */
interface Shown {
  readonly title: string
  readonly rows: readonly Row[]
}

/**
 * Tells how two schemas differ, for an error message: first the difference, then both schemas as tables of field, type and offset.
 *
 * @param there the descriptor in the memory, which may hold any bytes
 * @param here the descriptor that this process expects
 */
export function schemaMismatch(there: string, here: string): string {
  const ours = show(JSON.parse(here))
  let theirs: Shown
  let difference: string
  try {
    const parsed: unknown = JSON.parse(there)
    theirs = show(parsed)
    difference =
      firstDifference(theirs, ours) ??
      firstOtherDifference(parsed, JSON.parse(here), '') ??
      'only its JSON text differs'
  } catch {
    return `its schema is not readable.\n${table('In this process', ours)}`
  }
  return `${difference}.\n${table('In the memory', theirs)}\n${table('In this process', ours)}`
}

/**
 * Tells why a reader cannot read the messages of a channel, for an error message: first the difference, then both schemas as tables.
 *
 * @param there the descriptor in the memory, already checked; its names may be anything
 * @param here the descriptor that the reader declares
 */
export function projectionMismatch(difference: Difference, there: SchemaDescriptor, here: SchemaDescriptor): string {
  return `${sentenceOf(difference)}.\n${table('In the memory', show(there))}\n${table('In this process', show(here))}`
}

function sentenceOf({ there, here, part, path }: Difference): string {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${nameOf(step)}`)).join('')
  const field = place === '' ? '' : `field ${place.replace(/^\./, '')}`
  if (there === undefined) return `${field} is missing in the memory`
  if (here === undefined) return `${field} is missing in this process`
  const [theirs, ours] = [there, here].map((side) => {
    return part !== undefined ? brief(side) : field === '' ? titleOf(side) : typeOf(side)
  })
  const subject = part === undefined ? field || 'it' : `${JSON.stringify(part)}${field === '' ? '' : ` of ${field}`}`
  return `${subject} is ${theirs} in the memory, and ${ours} in this process`
}

/** Compares what the tables show, row by row. */
function firstDifference(there: Shown, here: Shown): string | undefined {
  if (there.rows.length === 0 || here.rows.length === 0) {
    return there.title === here.title
      ? undefined
      : `it is ${there.title} in the memory, and ${here.title} in this process`
  }
  for (let index = 0; index < Math.max(there.rows.length, here.rows.length); index++) {
    const [theirs, ours] = [there.rows[index], here.rows[index]]
    if (theirs === undefined) return `field ${ours?.field} is missing in the memory`
    if (ours === undefined) return `field ${theirs.field} is missing in this process`
    if (theirs.field !== ours.field) {
      if (!here.rows.some(({ field }) => field === theirs.field))
        return `field ${theirs.field} is missing in this process`
      if (!there.rows.some(({ field }) => field === ours.field)) return `field ${ours.field} is missing in the memory`
      return `field ${index + 1} is ${theirs.field} in the memory, and ${ours.field} in this process`
    }
    if (theirs.type !== ours.type)
      return `field ${ours.field} is ${theirs.type} in the memory, and ${ours.type} in this process`
    if (theirs.offset !== ours.offset) {
      return `field ${ours.field} is at offset ${theirs.offset} in the memory, and at ${ours.offset} in this process`
    }
  }
  return there.title === here.title
    ? undefined
    : `it is ${there.title} in the memory, and ${here.title} in this process`
}

/** Compares everything, such as alignments and version words, and tells the path in the descriptor. */
function firstOtherDifference(there: unknown, here: unknown, path: string): string | undefined {
  if (!isObject(there) || !isObject(here)) {
    return there === here
      ? undefined
      : `${path || 'it'} is ${brief(there)} in the memory, and ${brief(here)} in this process`
  }
  for (const key of new Set([...Object.keys(here), ...Object.keys(there)])) {
    const inner = Array.isArray(here) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const difference = firstOtherDifference(own(there, key), own(here, key), inner)
    if (difference !== undefined) return difference
  }
  return undefined
}

function table(side: string, { title, rows }: Shown): string {
  const shown = rows.slice(0, MAX_ROWS)
  const widthOf = (column: keyof Row) => Math.max(column.length, ...shown.map((row) => row[column].length))
  const [field, type, offset] = [widthOf('field'), widthOf('type'), widthOf('offset')]
  const line = (row: Row) =>
    `  ${row.field.padEnd(field)}  ${row.type.padEnd(type)}  ${row.offset.padStart(offset)}`.trimEnd()
  const header: Row = { field: 'field', type: 'type', offset: 'offset' }
  const lines = shown.length === 0 ? [] : [header, ...shown].map(line)
  if (rows.length > shown.length) lines.push(`  … and ${rows.length - shown.length} more`)
  return [`${side}: ${title}`, ...lines].join('\n')
}

function show(descriptor: unknown): Shown {
  const rows: Row[] = []
  addRows(rows, descriptor, '', 0, 0)
  return { title: titleOf(descriptor), rows }
}

/** Adds a row for each field of a struct, of a union's members, and of what is nested in them. */
function addRows(rows: Row[], descriptor: unknown, path: string, start: number, depth: number): void {
  if (depth > MAX_DEPTH) return
  const of = (name: unknown) => (path === '' ? nameOf(name) : `${path}.${nameOf(name)}`)
  for (const member of list(descriptor, 'members')) {
    const payload = own(member, 'payload')
    rows.push({ field: of(own(member, 'name')), type: typeOf(payload), offset: '' })
    addRows(rows, payload, of(own(member, 'name')), 0, depth + 1)
  }
  for (const procedure of list(descriptor, 'procedures')) {
    for (const side of ['request', 'answer']) {
      const payload = own(procedure, side)
      const name = `${of(own(procedure, 'name'))}.${side}`
      const streamed = side === 'answer' && own(procedure, 'streams') === true
      rows.push({ field: name, type: streamed ? `stream(${typeOf(payload)})` : typeOf(payload), offset: '' })
      addRows(rows, payload, name, 0, depth + 1)
    }
  }
  for (const field of list(descriptor, 'fields')) {
    const layout = own(field, 'layout')
    const offset = start + Number(own(field, 'offset'))
    const name = of(own(field, 'name'))
    rows.push({ field: name, type: typeOf(layout), offset: String(offset) })
    const isArray = own(layout, 'kind') === 'array'
    addRows(rows, isArray ? own(layout, 'element') : layout, isArray ? `${name}[0]` : name, offset, depth + 1)
  }
}

function titleOf(descriptor: unknown): string {
  const type = typeOf(descriptor)
  const length = own(descriptor, 'length')
  return length === undefined ? type : `${type}, ${brief(length)} bytes`
}

/** Returns the type of a payload or a field, as it is written in a declaration: `array(f64, 3)`, `utf8(8)`, `struct Quote`. */
function typeOf(descriptor: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) return '…'
  const kind = own(descriptor, 'kind')
  const length = Number(own(descriptor, 'length'))
  switch (kind) {
    case 'payload':
      return `payload.${nameOf(own(descriptor, 'encoding'))}`
    case 'struct':
      return `struct ${nameOf(own(descriptor, 'name'))}`
    case 'array':
      return `array(${typeOf(own(descriptor, 'element'), depth + 1)}, ${brief(own(descriptor, 'count'))})`
    case 'bytes':
      return `bytes(${length})`
    case 'bool':
      return length === 4 ? 'bool32' : 'bool'
    case 'enumeration':
      return `enumeration(${typeOf(own(descriptor, 'base'), depth + 1)}, ${brief(own(descriptor, 'names'))})`
    case 'text': {
      const encoding = nameOf(own(descriptor, 'encoding'))
      const unit = encoding === 'utf16le' ? 2 : encoding === 'utf32le' ? 4 : 1
      const optional = own(descriptor, 'terminator') === 'optional' ? ', terminator optional' : ''
      return `${encoding}(${length / unit}${optional})`
    }
    case 'board':
      return 'a board'
    case 'api':
      return `api ${nameOf(own(descriptor, 'name'))}`
    default:
      return kind === undefined ? 'missing' : nameOf(kind)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function list(value: unknown, key: string): readonly unknown[] {
  const items = own(value, key)
  return Array.isArray(items) ? items : []
}

/** Shows a name. Escapes characters that an identifier cannot have, such as line feeds. */
function nameOf(name: unknown): string {
  return typeof name === 'string' && /^[\w-]+$/.test(name) && name.length <= MAX_NAME_LENGTH ? name : brief(name)
}

function brief(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length > MAX_NAME_LENGTH ? `${text.slice(0, MAX_NAME_LENGTH)}…` : text
}
