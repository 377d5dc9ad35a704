import type { AnyLayout, Infer, LayoutDescriptor } from '../layout/layout.js'
import type { ReadonlyView, View } from '../layout/view.js'

/**
 * Tells what the messages of a stream are: how a value becomes the payload of a record, and how it is read again.
 *
 * `data` is always a whole lane, and `offset` counts bytes from its start. A writer calls `measure`, claims that many bytes,
 * and calls `encode` at once: a codec may keep the result of `measure` until then. A writer that had to wait in between calls
 * `measure` again. A codec holds no lane, so any number of streams can share it.
 *
 * @typeParam T the plain value, as `encode` takes it and `decode` returns it
 * @typeParam View the object that shows a payload in place to its writer
 * @typeParam ReadonlyView the object that shows a payload in place to a reader
 */
export interface Codec<T, View = T, ReadonlyView = View> {
  /** Describes the payload in plain JSON, enough for any tool to decode it. */
  readonly descriptor: PayloadDescriptor
  /** Bytes of every payload, or `undefined` if they vary. */
  readonly fixedLength: number | undefined
  /**
   * Returns how many bytes to claim for a value: as many as the value needs, or somewhat more.
   *
   * @throws TypeError or RangeError naming the part of the value that cannot be encoded, with its path
   */
  readonly measure: (value: T) => number
  /**
   * Writes the value that was measured last.
   *
   * @returns bytes written, at most as many as `measure` returned
   * @throws TypeError if the codec knows that another value was measured
   */
  readonly encode: (data: DataView, offset: number, value: T) => number
  /**
   * `measure` and `encode` in one, for payloads of one length. Checks the whole value first: if any part does not fit, nothing is
   * written. May be left out. It is called without `this`.
   *
   * @throws as `measure`
   */
  readonly checkAndPut?: (data: DataView, offset: number, value: T) => void
  /**
   * Reads a plain value, a copy that stays as it is. Touches no byte outside the payload.
   *
   * @throws LayoutError `CORRUPT` or `TOO_SHORT` for bytes that are no such value
   */
  readonly decode: (data: DataView, offset: number, length: number) => T
  /** Makes the object that shows payloads of a lane in place to their writer. Each writer makes one. */
  readonly view: (data: DataView) => PayloadView<View>
  /**
   * Makes the object that shows payloads of a lane in place to a reader. Each reader makes one. May be left out if `view` shows
   * plain values: then readers use `view`.
   */
  readonly readonlyView?: (data: DataView) => PayloadView<ReadonlyView>
}

/** Shows the payloads of one lane in place. */
export interface PayloadView<View> {
  /**
   * Moves to a payload. The result is valid until the payload is no longer valid, or until the next call: it may be one object
   * that moves.
   *
   * @param offset bytes from the start of the lane
   * @throws LayoutError `CORRUPT` or `TOO_SHORT` for bytes that are no such value
   */
  readonly at: (offset: number, length: number) => View
  /** Ends the result of `at`: each later use throws a TypeError with `reason`, or the error that `reason` makes. */
  readonly end?: (reason: string | (() => Error)) => void
}

/** Any codec at all. */
// biome-ignore lint/suspicious/noExplicitAny: T is both what functions take and what they return; only `any` admits every codec
export type AnyCodec = Codec<any, any, any>

/** A layout or codec that declares the messages of a stream. */
export type Schema = AnyLayout | AnyCodec

/**
 * A message whose type this program does not know: an object of the struct's fields, `{ kind, value }` for a union, or any other
 * value that the schema in the memory describes. In place, it has the same fields; a number or text is its `value`.
 */
export type UnknownMessage = { readonly [field: string]: unknown } | string | number | bigint | boolean | null

/** Stands for a schema that is known only when the program runs: `openStream(name)` takes it from the memory. */
export type UnknownSchema = Codec<UnknownMessage>

/** The plain value of a message. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type MessageOf<S> = S extends Codec<infer T, any, any> ? T : Infer<S>

/** The view that shows a message in place to its writer. */
export type MessageView<S> =
  // biome-ignore lint/suspicious/noExplicitAny: as above
  S extends Codec<any, infer MessageView, any> ? MessageView : View<Infer<S>>

/** The view that shows a message in place to a reader. */
export type ReadonlyMessageView<S> =
  // biome-ignore lint/suspicious/noExplicitAny: as above
  S extends Codec<any, any, infer MessageView> ? MessageView : ReadonlyView<Infer<S>>

/** The codec of a schema, as `codecOf` returns it. */
export interface CodecOf<S> extends Codec<MessageOf<S>, MessageView<S>, ReadonlyMessageView<S>> {
  readonly readonlyView: (data: DataView) => PayloadView<ReadonlyMessageView<S>>
}

/** The payload of a message in plain JSON. */
export type PayloadDescriptor =
  /** A layout: every payload has its length. */
  | LayoutDescriptor
  /** A value that fills the payload, however long that is. */
  | { readonly kind: 'payload'; readonly encoding: PayloadEncoding }
  /** A u32, the index of a member, then 4 bytes of zero, then that member's payload. */
  | { readonly kind: 'union'; readonly members: readonly MemberDescriptor[] }

/** What a channel carries, in plain JSON. */
export type SchemaDescriptor =
  /** Every message has this payload. */
  | PayloadDescriptor
  /** Several keys, each with values of its own. */
  | { readonly kind: 'board'; readonly members: readonly MemberDescriptor[] }
  /** Procedures, each with its requests and its answers. */
  | { readonly kind: 'api'; readonly name: string; readonly procedures: readonly ProcedureDescriptor[] }

/** One procedure of an API in plain JSON. */
export interface ProcedureDescriptor {
  readonly name: string
  readonly request: PayloadDescriptor
  /** The answer; of a streamed answer, each part. */
  readonly answer: PayloadDescriptor
  readonly streams: boolean
  readonly idempotent: boolean
}

/** The names of the payloads of any length. */
export type PayloadEncoding = 'bytes' | 'utf8' | 'json' | 'messagepack'

/** One member of a union in plain JSON. */
export interface MemberDescriptor {
  readonly name: string
  readonly payload: PayloadDescriptor
}
