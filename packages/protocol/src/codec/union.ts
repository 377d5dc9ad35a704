import { endView } from '../layout/ended-view.js'
import { LayoutError } from '../layout/layout-error.js'
import { describe, typeMismatch } from '../layout/mismatch.js'
import { hasMoreFields, unknownField } from '../layout/unknown-field.js'
import type { AnyCodec, Codec, CodecOf, MessageOf, MessageView, PayloadView, ReadonlyMessageView } from './codec.js'
import { describeMembers, type Members, memberCodecs } from './members.js'
import { UnionAccessor } from './union-accessor.js'

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

const MESSAGE_FIELDS = ['kind', 'value']

/** A message of a union: `switch (message.kind)` tells the type of `message.value`. */
export type UnionValue<M extends Members> = {
  [K in keyof M]: { kind: K; value: MessageOf<M[K]> }
}[keyof M] extends infer U
  ? U
  : never

/** The view of a message of a union for its writer: one object that changes from message to message. */
export type UnionView<M extends Members> = {
  [K in keyof M]: { readonly kind: K; readonly value: MessageView<M[K]> }
}[keyof M] extends infer U
  ? U
  : never

/** The view of a message of a union for a reader: one object that changes from message to message. */
export type ReadonlyUnionView<M extends Members> = {
  [K in keyof M]: { readonly kind: K; readonly value: ReadonlyMessageView<M[K]> }
}[keyof M] extends infer U
  ? U
  : never

/** The codec of a union. */
export interface UnionCodec<M extends Members> extends Codec<UnionValue<M>, UnionView<M>, ReadonlyUnionView<M>> {
  /** The codec of each member. A member's payload begins `UNION_HEADER_LENGTH` bytes after the start of the union's payload. */
  readonly members: { readonly [K in keyof M]: CodecOf<M[K]> }
  /**
   * Writes the index of the member into the header of a payload, for a writer that fills the member in place.
   *
   * @param offset bytes from the start of the lane to the payload
   * @throws TypeError if there is no such member
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
 * The order of the members matters: a message holds the index of its member.
 *
 * @throws TypeError for a name that is empty, `__proto__` or only digits, and for a member that is no layout or codec; RangeError
 * without members
 */
export function union<const M extends Members>(members: M): UnionCodec<M> {
  const byName = memberCodecs(members, 'union member')
  const names = Object.keys(byName)
  const codecs: CodecOf<AnyCodec>[] = Object.values(byName)
  const indexOf = new Map(names.map((name, index) => [name, index]))

  const memberOf = (kind: unknown): number => {
    const index = indexOf.get(kind as string)
    if (index === undefined) throw new TypeError(`kind: ${describe(kind)} is not one of ${names.join(', ')}`)
    return index
  }
  const writeHeader = (data: DataView, offset: number, index: number) => {
    data.setUint32(offset + MEMBER_OFFSET, index, true)
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
  const showing = (views: readonly PayloadView<unknown>[], data: DataView): PayloadView<unknown> => {
    const shown = new UnionAccessor(data, 0, undefined, '')
    return {
      at(offset, length) {
        const index = read(data, offset, length)
        shown['\0value'] = (views[index] as PayloadView<unknown>).at(
          offset + UNION_HEADER_LENGTH,
          length - UNION_HEADER_LENGTH,
        )
        shown['\0kind'] = names[index]
        return shown
      },
      end(reason) {
        endView(shown, reason)
        for (const view of views) view.end?.(reason)
      },
    }
  }

  // What `measure` has read, kept until the next `encode`. A getter can give another member or value to each of them.
  let measured: unknown
  let measuredIndex = -1
  let measuredValue: unknown

  const codec: AnyCodec & Pick<UnionCodec<M>, 'members' | 'select'> = {
    descriptor: { kind: 'union', members: describeMembers(byName) },
    fixedLength: undefined,
    members: byName,
    select: (data, offset, kind) => writeHeader(data, offset, memberOf(kind)),
    measure(message) {
      if (typeof message !== 'object' || message === null) throw typeMismatch('{ kind, value }', message).toError('')
      const { kind, value } = message
      const unknown = hasMoreFields(message, MESSAGE_FIELDS.length) ? unknownField(message, MESSAGE_FIELDS) : undefined
      if (unknown !== undefined) throw unknown.toError('')
      const index = memberOf(kind)
      const length = UNION_HEADER_LENGTH + (codecs[index] as CodecOf<AnyCodec>).measure(value)
      // Only now: a getter in the value may have sent another message of this union.
      measured = message
      measuredIndex = index
      measuredValue = value
      return length
    },
    encode(data, offset, message) {
      if (measured === undefined || message !== measured)
        throw new TypeError('encode: this is not the value that was measured last')
      const index = measuredIndex
      const value = measuredValue
      measured = measuredValue = undefined
      writeHeader(data, offset, index)
      return (
        UNION_HEADER_LENGTH + (codecs[index] as CodecOf<AnyCodec>).encode(data, offset + UNION_HEADER_LENGTH, value)
      )
    },
    decode(data, offset, length) {
      const index = read(data, offset, length)
      const value = (codecs[index] as CodecOf<AnyCodec>).decode(
        data,
        offset + UNION_HEADER_LENGTH,
        length - UNION_HEADER_LENGTH,
      )
      return { kind: names[index], value }
    },
    view: (data) =>
      showing(
        codecs.map((codec) => codec.view(data)),
        data,
      ),
    readonlyView: (data) =>
      showing(
        codecs.map((codec) => codec.readonlyView(data)),
        data,
      ),
  }
  return codec
}
