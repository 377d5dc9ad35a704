import type { CodecOf, SchemaDescriptor } from '../codec/codec.js'
import { describeMembers, type Members, memberCodecs } from '../codec/members.js'

/** The schema of a latest with several keys. */
export interface Board<M extends Members> {
  readonly descriptor: SchemaDescriptor & { readonly kind: 'board' }
  /** The codec of each key's values. */
  readonly keys: { readonly [K in keyof M]: CodecOf<M[K]> }
}

/**
 * Declares a board: several keys in one latest, each with values of its own schema. Every key is set and read on its own.
 *
 * ```ts
 * const Car = board({ engine: Engine, brakes: Brakes, note: payload.utf8 })
 * ```
 *
 * The order of the keys matters: it tells where their values lie.
 *
 * @throws TypeError for a name that is empty, `__proto__` or only digits, and for a schema that is no layout or codec; RangeError
 * without keys
 */
export function board<const M extends Members>(keys: M): Board<M> {
  const codecs = memberCodecs(keys, 'board key')
  return { descriptor: { kind: 'board', members: describeMembers(codecs) }, keys: codecs }
}
