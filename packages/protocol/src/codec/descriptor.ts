import { canonicalJson } from '../layout/canonical-json.js'
import { LayoutError } from '../layout/layout-error.js'
import type { SchemaDescriptor } from './codec.js'
import { decodeText } from './utf8.js'

/**
 * Encodes a descriptor as JSON in UTF-8. Equal descriptors give equal bytes: there is no white space, and the keys of every object
 * are sorted by their UTF-16 units.
 */
export function encodeDescriptor(descriptor: SchemaDescriptor): Uint8Array {
  return new TextEncoder().encode(canonicalJson(descriptor))
}

/** Tells whether two encoded descriptors are the same. */
export function isSameDescriptor(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/**
 * Decodes what `encodeDescriptor` wrote, from a copy of the bytes. The result is JSON; nothing else was checked.
 *
 * @throws LayoutError `CORRUPT` for bytes that are no JSON in UTF-8
 */
export function decodeDescriptor(bytes: Uint8Array): unknown {
  const text = decodeText(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.byteLength)
  try {
    return JSON.parse(text)
  } catch {
    throw new LayoutError('CORRUPT', 0, 'the descriptor is not JSON')
  }
}

/**
 * Hashes an encoded descriptor by 64-bit FNV-1a. The hash tells descriptors apart. It does not protect against forgery.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9923
 */
export function hashDescriptor(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}

/**
 * Hashes a layout: layouts with the same fields, offsets and types have the same hash, on every machine and in every version.
 */
export function layoutHash({ descriptor }: { readonly descriptor: SchemaDescriptor }): bigint {
  return hashDescriptor(encodeDescriptor(descriptor))
}
