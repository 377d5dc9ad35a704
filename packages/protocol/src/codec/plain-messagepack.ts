/** How many bytes say the length or the value, from 0xc0 on; -1 for what is refused. */
// biome-ignore format: a row for each eight
const OPERAND_LENGTHS = [
  0, -1, 0, 0, 1, 2, 4, 1, // nil, never used, false, true, bin 8, 16, 32, ext 8
  -1, -1, 4, 8, 1, 2, 4, 8, // ext 16, 32, float 32, 64, uint 8, 16, 32, 64
  1, 2, 4, 8, -1, -1, 1, 1, // int 8, 16, 32, 64, fixext 1, 2, 4, 8
  -1, 1, 2, 4, 2, 4, 2, 4, // fixext 16, str 8, 16, 32, array 16, 32, map 16, 32
]

const TIMESTAMP = 0xff

/**
 * Tells whether bytes are one whole MessagePack value, of the types that every implementation has: before a decoder
 * allocates what they announce. Of the extensions, the timestamp alone.
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function isPlainMessagePack(bytes: Uint8Array): boolean {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length
  let position = 0
  // Each value takes a byte at least, so that there can never be more to come than bytes.
  for (let pending = 1; pending > 0; pending--) {
    if (pending > end - position) return false
    const token = data.getUint8(position++)
    if (token < 0x80 || token >= 0xe0) continue
    if (token < 0x90) {
      pending += 2 * (token & 0x0f)
    } else if (token < 0xa0) {
      pending += token & 0x0f
    } else if (token < 0xc0) {
      position += token & 0x1f
    } else {
      const operandLength = OPERAND_LENGTHS[token - 0xc0] as number
      if (operandLength < 0 || operandLength > end - position) return false
      const operand =
        operandLength === 1
          ? data.getUint8(position)
          : operandLength === 2
            ? data.getUint16(position)
            : operandLength === 4
              ? data.getUint32(position)
              : 0
      position += operandLength
      switch (token) {
        case 0xc4:
        case 0xc5:
        case 0xc6:
        case 0xd9:
        case 0xda:
        case 0xdb:
          position += operand
          break
        case 0xdc:
        case 0xdd:
          pending += operand
          break
        case 0xde:
        case 0xdf:
          pending += 2 * operand
          break
        case 0xc7:
          if (operand !== 12 || end - position < 13 || data.getUint8(position) !== TIMESTAMP) return false
          position += 13
          break
        case 0xd6:
        case 0xd7:
          if (operand !== TIMESTAMP) return false
          position += token === 0xd6 ? 4 : 8
      }
    }
  }
  return position === end
}
