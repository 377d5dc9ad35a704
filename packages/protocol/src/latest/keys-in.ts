import type { MemberDescriptor, SchemaDescriptor } from '../codec/codec.js'
import { decodeDescriptor, encodeDescriptor, isSameDescriptor } from '../codec/descriptor.js'
import { checkedDescriptor } from '../codec/from-descriptor.js'
import { isMemberName } from '../codec/members.js'
import { LayoutError } from '../layout/layout-error.js'
import { MAX_KEYS } from './latest-layout.js'

/** The name of the only key of a latest that is no board. */
export const ONLY_KEY = 'value'

/** What the memory of a latest says about its keys. */
export interface KeysIn {
  readonly descriptor: SchemaDescriptor
  /** The keys in their order. */
  readonly members: readonly MemberDescriptor[]
}

/**
 * Decodes and checks the descriptor of a latest.
 *
 * @param encoded a private copy of its bytes
 * @param offset where they lie in the memory, for the error
 * @throws LayoutError `CORRUPT` for bytes that describe no latest, or not in the only spelling
 */
export function keysIn(encoded: Uint8Array, offset: number): KeysIn {
  const members = boardMembers(encoded)
  if (members === undefined) {
    const payload = checkedDescriptor(encoded, offset)
    return { descriptor: payload, members: [{ name: ONLY_KEY, payload }] }
  }
  if (members.length > MAX_KEYS) throw corrupt(offset)
  const checked = members.map((member): MemberDescriptor => {
    const { name, payload } = member as { name?: unknown; payload?: unknown }
    if (typeof name !== 'string' || !isMemberName(name) || typeof payload !== 'object' || payload === null)
      throw corrupt(offset)
    return { name, payload: checkedDescriptor(encodedAlone(payload, offset), offset) }
  })
  const descriptor: SchemaDescriptor = { kind: 'board', members: checked }
  const isSame = isSameDescriptor(encodeDescriptor(descriptor), encoded)
  const isUnique = new Set(checked.map(({ name }) => name)).size === checked.length
  if (!isSame || !isUnique || checked.length === 0) throw corrupt(offset)
  return { descriptor, members: checked }
}

/** Encodes the descriptor of one key. Nothing in it was checked. */
function encodedAlone(payload: object, offset: number): Uint8Array {
  try {
    return encodeDescriptor(payload as SchemaDescriptor)
  } catch {
    throw corrupt(offset) // it is nested too deeply
  }
}

/** The members of a board, not checked yet. Undefined if the bytes describe something else. */
function boardMembers(encoded: Uint8Array): readonly object[] | undefined {
  let found: unknown
  try {
    found = decodeDescriptor(encoded)
  } catch {
    return undefined
  }
  if (typeof found !== 'object' || found === null) return undefined
  const { kind, members } = found as { kind?: unknown; members?: unknown }
  const isBoard = kind === 'board' && Array.isArray(members)
  return isBoard && members.every((each) => typeof each === 'object' && each !== null) ? members : undefined
}

function corrupt(offset: number): LayoutError {
  return new LayoutError('CORRUPT', offset, `its schema at offset ${offset} describes no board of keys`)
}
