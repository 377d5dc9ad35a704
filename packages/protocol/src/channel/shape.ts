/** Where the parts of a channel lie that every shape has. In bytes. */
export interface ChannelPlaces {
  /** Where the schema's descriptor begins, in the control part. */
  readonly schemaOffset: number
  /** Bytes of the control part, which every participant maps: header, masks, slots, schema. A multiple of 64 KiB. */
  readonly controlLength: number
  /** Bytes of the whole memory. */
  readonly length: number
}

/** The header fields that every channel has. */
export interface ChannelHeader extends ChannelPlaces {
  /** 16 random bytes. */
  readonly instance: Uint8Array
  /** Bytes of the schema's descriptor. */
  readonly schemaLength: number
  /** FNV-1a, 64 bits, of the descriptor. */
  readonly schemaHash: bigint
}

/**
 * A kind of channel, such as a stream: everything that the code common to all channels needs to know about it.
 *
 * @typeParam Fields the header fields that only this shape has
 * @typeParam Control the object through which a participant uses the control part
 */
export interface Shape<Fields extends object, Control> {
  /** The number that stands for this shape in the header. */
  readonly id: number
  /** The name of this shape in error messages, in lower case: "stream". */
  readonly name: string
  /** Reads and writes the shape's own fields of the header: at most 20 bytes, from offset 36 on. */
  readonly fields: {
    /** @returns values that are not checked yet */
    readonly read: (view: DataView, offset: number) => Fields
    readonly write: (view: DataView, offset: number, fields: Fields) => void
  }
  /** Tells what is wrong with fields; `undefined` if a channel can have them. */
  problemOf(fields: Fields): string | undefined
  /** Tells where everything lies, for fields that are right. */
  placesOf(fields: Fields, schemaLength: number): ChannelPlaces
  /**
   * Makes the object through which a participant uses the control part.
   *
   * @param buffer the control part
   * @param inOrder whether the participants in this process publish by plain stores: see publishAndLookInOrder
   */
  controlOf(buffer: ArrayBuffer, header: ChannelHeader & Fields, inOrder: boolean): Control
}
