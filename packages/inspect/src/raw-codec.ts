import type { AnyCodec, Codec } from '@memlane/protocol'

/** Makes a codec whose values are the bytes of messages, for channels of the same schema as `codec`. */
export function rawCodec({ descriptor, fixedLength }: AnyCodec): Codec<Uint8Array> {
  const bytesIn = ({ buffer, byteOffset }: DataView, offset: number, length: number) =>
    new Uint8Array(buffer, byteOffset + offset, length)
  const decode = (data: DataView, offset: number, length: number) => bytesIn(data, offset, length).slice()
  return {
    descriptor,
    fixedLength,
    measure({ length }) {
      if (length === (fixedLength ?? length)) return length
      throw new RangeError(`${length} bytes, where every message has ${fixedLength}`)
    },
    encode(data, offset, value) {
      bytesIn(data, offset, value.length).set(value)
      return value.length
    },
    decode,
    view: (data) => ({ at: (offset, length) => decode(data, offset, length) }),
  }
}
