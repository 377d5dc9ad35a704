import type { AnyLayout, Infer, Layout, LayoutDescriptor } from '../layout/layout.js'

/**
 * Tells what the messages of a stream are: how a value becomes the payload of a record, and how it is read again.
 *
 * `data` is always a whole lane, and `offset` counts bytes from its start. A writer calls `measure`, claims so many bytes,
 * and calls `encode` at once: a codec may keep, from the one to the other, what it has made. A writer that had to wait in
 * between measures again. A codec holds no lane and may be shared by any number of streams.
 *
 * @typeParam T the plain value, as `encode` takes it and `decode` returns it
 * @typeParam View what shows a payload where it stands
 */
export interface Codec<T, View = T> {
  /** Describes the payload in plain JSON, enough for any tool to decode it. */
  readonly descriptor: PayloadDescriptor
  /** Bytes of every payload, or `undefined` where they vary. */
  readonly fixedLength: number | undefined
  /**
   * Tells how many bytes to claim for a value: as many as it takes, or somewhat more.
   *
   * @throws TypeError or RangeError naming the part of the value that cannot be encoded, with its path
   */
  readonly measure: (value: T) => number
  /**
   * Writes the value that was measured last.
   *
   * @returns bytes written, at most those that `measure` told
   * @throws TypeError when the codec knows that another value was measured
   */
  readonly encode: (data: DataView, offset: number, value: T) => number
  /**
   * Reads a plain value, a copy that stays as it is. Touches no byte outside the payload.
   *
   * @throws LayoutError `CORRUPT` or `TOO_SHORT` for bytes that are no such value
   */
  readonly decode: (data: DataView, offset: number, length: number) => T
  /** Makes what shows payloads of a lane in place: one for each reader or writer. */
  readonly view: (data: DataView) => PayloadView<View>
}

/** Shows the payloads of one lane in place. */
export interface PayloadView<View> {
  /**
   * Moves to a payload. What it returns is valid as long as the payload, and until the next call: it may be one object
   * that moves.
   *
   * @param offset bytes from the start of the lane
   * @throws LayoutError `CORRUPT` or `TOO_SHORT` for bytes that are no such value
   */
  readonly at: (offset: number, length: number) => View
}

/** Any codec at all. */
// biome-ignore lint/suspicious/noExplicitAny: T stands on both sides of the functions; only `any` admits every codec
export type AnyCodec = Codec<any, any>

/** What the messages of a stream may be declared by. */
export type Schema = AnyLayout | AnyCodec

/** The plain value of a message. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type MessageOf<S> = S extends Codec<infer T, any> ? T : Infer<S>

/** What shows a message in place. */
export type MessageView<S> =
  // biome-ignore lint/suspicious/noExplicitAny: as above
  S extends Codec<any, infer View> ? View : S extends Layout<any, infer View, any> ? View : never

/** The payload of a message in plain JSON. */
export type PayloadDescriptor =
  /** A layout: always as many bytes as it has. */
  | LayoutDescriptor
  /** A value that fills the payload, however long that is. */
  | { readonly kind: 'payload'; readonly encoding: PayloadEncoding }
  /** A u32, the index of a member, then 4 bytes of zero, then that member's payload. */
  | { readonly kind: 'union'; readonly members: readonly MemberDescriptor[] }

/** The names of the payloads of any length. */
export type PayloadEncoding = 'bytes' | 'utf8' | 'json' | 'messagepack'

/** One member of a union in plain JSON. */
export interface MemberDescriptor {
  readonly name: string
  readonly payload: PayloadDescriptor
}
