import { checkCount } from '../layout/count.js'
import type { AnyCodec, CodecOf, MemberDescriptor, Schema } from './codec.js'
import { codecOf } from './codec-of.js'

/** Schemas by name, in their order: the members of a union, or the keys of a board. */
export type Members = Readonly<Record<string, Schema>>

/** Tells whether a member can have a name. Objects put names of digits first, and `__proto__` is no ordinary property. */
export function isMemberName(name: string): boolean {
  return !/^(?:\d+|__proto__|)$/.test(name)
}

/**
 * Makes the codecs of named schemas.
 *
 * @param what the name of such a schema in error messages: "union member"
 * @throws TypeError for a name that is empty, `__proto__` or only digits, and for a member that is no layout or codec; RangeError
 * without members
 */
export function memberCodecs<M extends Members>(members: M, what: string): { readonly [K in keyof M]: CodecOf<M[K]> } {
  const names = Object.keys(members)
  checkCount(`number of ${what}s`, names.length)
  for (const name of names) {
    if (!isMemberName(name)) throw new TypeError(`${JSON.stringify(name)} cannot be the name of a ${what}`)
  }
  const codecs = names.map((name) => [name, codecOf(members[name] as Schema)])
  return Object.fromEntries(codecs) as { readonly [K in keyof M]: CodecOf<M[K]> }
}

/** Describes named codecs in plain JSON. */
export function describeMembers(codecs: Readonly<Record<string, AnyCodec>>): MemberDescriptor[] {
  return Object.entries(codecs).map(([name, { descriptor }]) => ({ name, payload: descriptor }))
}
