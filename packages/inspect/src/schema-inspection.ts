import type { SchemaDescriptor } from '@memlane/protocol'

/** One row of a schema as a table. */
export interface SchemaRow {
  /** Where it is: `bid`, `leg.price`, `legs[]`, `order.Order.quantity`; empty for a schema without parts. */
  readonly path: string
  /** Its type, such as `f64`, `utf8(8)`, `struct Quote`, `array(4)`, `json`. */
  readonly type: string
  /** Bytes from the start of the message, or of the element of an array. Undefined if the place is not fixed. */
  readonly offset: number | undefined
  /** Bytes. Undefined if they vary. */
  readonly length: number | undefined
}

/** What the messages or values of a channel are. */
export interface SchemaInspection {
  /** The name of the struct or API, otherwise its kind: `union`, `board`, `utf8`. */
  readonly name: string
  /** The descriptor as it is in the memory, in plain JSON. */
  readonly descriptor: SchemaDescriptor
  /** The header's hash of the descriptor: 16 hexadecimal digits. */
  readonly hash: string
  readonly rows: readonly SchemaRow[]
  /** TypeScript source that declares the same schema with `memlane`. */
  readonly typescript: string
}
