import { checkCount } from '../layout/count.js'
import { LayoutError } from '../layout/layout-error.js'
import { describe, typeMismatch } from '../layout/mismatch.js'
import type { AnyCodec, Codec, MessageOf, MessageView, PayloadView, Schema } from './codec.js'
import { codecOf } from './codec-of.js'

/**
 * The payload of a union. All numbers are little-endian.
 *
 *   0         4           8                           length
 *   +---------+-----------+-------------------------------+
 *   | member  | zero      | the member's payload          |
 *   +---------+-----------+-------------------------------+
 *
 * | field  | width | meaning                                                        |
 * |--------|-------|----------------------------------------------------------------|
 * | member | u32   | which member, by its index in the declaration                  |
 * | zero   | u32   | written as 0, not read: keeps the payload at a multiple of 8    |
 */
const MEMBER_OFFSET = 0
const ZERO_OFFSET = 4

/** Bytes before the payload of a union's member. */
export const UNION_HEADER_LENGTH = 8

/** The members of a union by name, in their order. */
export type Members = Readonly<Record<string, Schema>>

/** A message of a union: `switch (message.kind)` tells the type of `message.value`. */
export type UnionValue<M extends Members> = { [K in keyof M]: { kind: K; value: MessageOf<M[K]> } }[keyof M]

/** What shows a message of a union in place: one object that changes from message to message. */
export type UnionView<M extends Members> = {
  [K in keyof M]: { readonly kind: K; readonly value: MessageView<M[K]> }
}[keyof M]

/** The codec of a union. */
export interface UnionCodec<M extends Members> extends Codec<UnionValue<M>, UnionView<M>> {
  /** The codec of each member: of what stands `UNION_HEADER_LENGTH` bytes behind the start of the payload. */
  readonly members: { readonly [K in keyof M]: Codec<MessageOf<M[K]>, MessageView<M[K]>> }
  /**
   * Writes which member a payload is of, for a writer that fills the member in place.
   *
   * @param offset bytes from the start of the lane to the payload
   * @throws TypeError when there is no such member
   */
  readonly select: (data: DataView, offset: number, kind: keyof M) => void
}

/**
 * Declares that each message of a stream is one of several kinds.
 *
 * ```ts
 * const Event = union({ quote: Quote, trade: Trade, note: payload.utf8 })
 * stream.trySend({ kind: 'note', value: 'market closed' })
 * ```
 *
 * The order counts: it is in the bytes.
 *
 * @throws TypeError for a name that an object would not keep in order; RangeError without members
 */
export function union<const M extends Members>(members: M): UnionCodec<M> {
  const names = Object.keys(members)
  checkCount('number of union members', names.length)
  for (const name of names) {
    if (/^(?:\d+|__proto__|)$/.test(name))
      throw new TypeError(`${JSON.stringify(name)} cannot be the name of a union member`)
  }
  const codecs: AnyCodec[] = Object.values(members).map((schema) => codecOf(schema))
  const indexOf = new Map(names.map((name, index) => [name, index]))

  const memberOf = (kind: unknown): number => {
    const index = indexOf.get(kind as string)
    if (index === undefined) throw new TypeError(`kind: ${describe(kind)} is not one of ${names.join(', ')}`)
    return index
  }
  const select = (data: DataView, offset: number, kind: unknown) => {
    data.setUint32(offset + MEMBER_OFFSET, memberOf(kind), true)
    data.setUint32(offset + ZERO_OFFSET, 0, true)
  }
  const read = (data: DataView, offset: number, length: number): number => {
    if (length < UNION_HEADER_LENGTH) {
      throw new LayoutError(
        'TOO_SHORT',
        offset,
        `${length} bytes at offset ${offset} have no room for a union's header`,
      )
    }
    const index = data.getUint32(offset + MEMBER_OFFSET, true)
    if (index < codecs.length) return index
    throw new LayoutError('CORRUPT', offset, `${index} at offset ${offset} is no member of a union of ${codecs.length}`)
  }

  return {
    descriptor: {
      kind: 'union',
      members: codecs.map(({ descriptor }, index) => ({ name: names[index] as string, payload: descriptor })),
    },
    fixedLength: undefined,
    members: Object.fromEntries(names.map((name, index) => [name, codecs[index]])) as UnionCodec<M>['members'],
    select,
    measure(message) {
      if (typeof message !== 'object' || message === null) throw typeMismatch('{ kind, value }', message).toError('')
      const { kind, value } = message
      return UNION_HEADER_LENGTH + (codecs[memberOf(kind)] as AnyCodec).measure(value)
    },
    encode(data, offset, { kind, value }) {
      select(data, offset, kind)
      return (
        UNION_HEADER_LENGTH + (codecs[memberOf(kind)] as AnyCodec).encode(data, offset + UNION_HEADER_LENGTH, value)
      )
    },
    decode(data, offset, length) {
      const index = read(data, offset, length)
      const value = (codecs[index] as AnyCodec).decode(data, offset + UNION_HEADER_LENGTH, length - UNION_HEADER_LENGTH)
      return { kind: names[index], value } as UnionValue<M>
    },
    view(data) {
      const views = codecs.map((codec) => codec.view(data))
      const shown: { kind: string | undefined; value: unknown } = { kind: undefined, value: undefined }
      return {
        at(offset, length) {
          const index = read(data, offset, length)
          shown.value = (views[index] as PayloadView<unknown>).at(
            offset + UNION_HEADER_LENGTH,
            length - UNION_HEADER_LENGTH,
          )
          shown.kind = names[index]
          return shown as UnionView<M>
        },
      }
    },
  }
}
