/**
 * Reads a schema from the command line: the TypeScript that declares it, or its descriptor as JSON.
 *
 *   struct('Quote', { symbol: utf8(8), bid: f64, levels: array(f64, 5) })
 *   union({ quote: struct('Quote', { bid: f64 }), note: payload.utf8 })
 *   payload.json()
 *
 * Nothing is evaluated: the text may contain only calls of the functions below, their names, objects, strings, numbers and booleans.
 */

import {
  array,
  at,
  type Board,
  board,
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
  type Members,
  type PayloadDescriptor,
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
  utf32le,
} from '@memlane/protocol'
import { codecFromDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import { UsageError } from './exit-code.js'

const NAMES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...Object.entries({ i8, u8, i16, u16, i32, u32, i64, u64, f32, f64, bool, bool32 }),
  ...Object.entries({
    utf8,
    latin1,
    utf16le,
    utf32le,
    bytes,
    array,
    at,
    enumeration,
    struct,
    union,
    board,
    messagepack,
  }),
  ['payload.bytes', payload.bytes],
  ['payload.utf8', payload.utf8],
  ['payload.json', payload.json],
  ['true', true],
  ['false', false],
])

const TOKEN = /\s*([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)?|0x[\da-fA-F]+|-?\d+(?:\.\d+)?|'[^'\\]*'|"[^"\\]*"|[(){},:])/y

/**
 * Makes a schema of its text.
 *
 * @throws UsageError for a text that declares no schema
 */
export function schemaIn(text: string): Schema | Board<Members> {
  const trimmed = text.trim()
  try {
    if (trimmed.startsWith('{')) return schemaOfDescriptor(JSON.parse(trimmed))
    return checked(new Reader(trimmed).all())
  } catch (error) {
    throw new UsageError(`--schema: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Makes a schema of its descriptor, as `info --json` prints it. */
function schemaOfDescriptor(descriptor: PayloadDescriptor): Schema {
  return codecFromDescriptor(encodeDescriptor(descriptor), 0)
}

function checked(value: unknown): Schema | Board<Members> {
  if (typeof value === 'object' && value !== null && 'descriptor' in value) return value as Schema
  throw new Error(
    'expected a schema such as struct("Quote", { symbol: utf8(8), bid: f64 }), payload.json(), or a descriptor as JSON',
  )
}

/** Reads one expression, from left to right. */
class Reader {
  readonly #text: string
  readonly #pattern = new RegExp(TOKEN)
  #token: string | undefined

  constructor(text: string) {
    this.#text = text
    this.#next()
  }

  all(): unknown {
    const value = this.#value()
    if (this.#token !== undefined) throw this.#unexpected()
    return value
  }

  #value(): unknown {
    const token = this.#take()
    if (token === '{') return this.#object()
    if (/^['"]/.test(token)) return token.slice(1, -1)
    if (/^[-\d]/.test(token)) return Number(token)
    if (!NAMES.has(token)) throw new Error(`${token} is unknown. Names: ${[...NAMES.keys()].join(' ')}`)
    const named = NAMES.get(token)
    if (this.#token !== '(') return named
    if (typeof named !== 'function') throw new Error(`${token} takes no arguments`)
    this.#take()
    return named(...this.#list(')', () => this.#value()))
  }

  #object(): Record<string, unknown> {
    return Object.fromEntries(
      this.#list('}', () => {
        const key = this.#take()
        if (!/^[A-Za-z_$'"]/.test(key)) throw new Error(`${key} is no name of a field`)
        this.#expect(':')
        return [key.replace(/^['"]|['"]$/g, ''), this.#value()] as const
      }),
    )
  }

  /** Reads parts with commas between them, up to the end. A comma may follow the last one. */
  #list<T>(end: string, read: () => T): T[] {
    const parts: T[] = []
    while (this.#token !== end) {
      parts.push(read())
      if (this.#token !== end) this.#expect(',')
    }
    this.#take()
    return parts
  }

  #expect(token: string): void {
    if (this.#token !== token) throw this.#unexpected(token)
    this.#next()
  }

  #take(): string {
    const token = this.#token
    if (token === undefined) throw this.#unexpected()
    this.#next()
    return token
  }

  #next(): void {
    const start = this.#pattern.lastIndex
    this.#token = this.#pattern.exec(this.#text)?.[1]
    if (this.#token === undefined && this.#text.slice(start).trim() !== '') {
      throw new Error(`cannot read ${JSON.stringify(this.#text.slice(start, start + 20))}`)
    }
  }

  #unexpected(expected = 'more'): Error {
    return new Error(
      this.#token === undefined ? `the text ends where ${expected} must follow` : `unexpected ${this.#token}`,
    )
  }
}
