import { LayoutError } from '../layout/layout-error.js'
import { MAX_DEPTH } from './messagepack-value.js'

/** For each type from 0xc0 on: how many bytes hold its length, or its value. -1 for the type that does not exist. */
// biome-ignore format: a row for each eight
const OPERAND_LENGTHS = [
  0, -1, 0, 0, 1, 2, 4, 1, // nil, never used, false, true, bin 8, 16, 32, ext 8
  2, 4, 4, 8, 1, 2, 4, 8, // ext 16, 32, float 32, 64, uint 8, 16, 32, 64
  1, 2, 4, 8, 0, 0, 0, 0, // int 8, 16, 32, 64, fixext 1, 2, 4, 8
  0, 1, 2, 4, 2, 4, 2, 4, // fixext 16, str 8, 16, 32, array 16, 32, map 16, 32
]
const EXT_8 = 0xc7
const EXT_32 = 0xc9
const BIN_8 = 0xc4
const FIXEXT_1 = 0xd4
const FIXEXT_16 = 0xd8
const STR_8 = 0xd9
const STR_32 = 0xdb
const ARRAY_16 = 0xdc
const MAP_16 = 0xde

/**
 * Checks that bytes are exactly one MessagePack value, without decoding it. A decoder allocates memory for
 * the lengths that the bytes announce. After this check, no length exceeds the bytes that follow, and nesting is limited.
 *
 * @param start the offset of the first byte, for error messages
 * @throws LayoutError `CORRUPT`
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function checkMessagePackBytes(bytes: Uint8Array, start: number): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length
  /** How many values are still to come, at each level of nesting. */
  const pending = [1]
  let position = 0
  const corrupt = (reason: string, at = position) =>
    new LayoutError('CORRUPT', start + at, `MessagePack at offset ${start + at}: ${reason}`)
  const skip = (length: number) => {
    if (length > end - position) throw corrupt(`${length} bytes should follow, but only ${end - position} do`)
    position += length
  }
  const nest = (count: number) => {
    // Each value takes a byte or more.
    if (count > end - position) throw corrupt(`${count} values should follow, but only ${end - position} bytes do`)
    if (pending.length > MAX_DEPTH) throw corrupt(`arrays and maps are nested more than ${MAX_DEPTH} deep`)
    pending.push(count)
  }
  while (pending.length > 0) {
    const level = pending.length - 1
    if (pending[level] === 0) {
      pending.pop()
      continue
    }
    ;(pending[level] as number)--
    const at = position
    skip(1)
    const type = bytes[at] as number
    if (type < 0x80 || type >= 0xe0) continue
    if (type < 0x90) nest(2 * (type & 0x0f))
    else if (type < 0xa0) nest(type & 0x0f)
    else if (type < 0xc0) skip(type & 0x1f)
    else {
      const width = OPERAND_LENGTHS[type - 0xc0] as number
      if (width < 0) throw corrupt(`no value begins with byte ${type}`, at)
      skip(width)
      if (type >= FIXEXT_1 && type <= FIXEXT_16) {
        skip(1 + (1 << (type - FIXEXT_1)))
        continue
      }
      const hasLength = (type >= BIN_8 && type <= EXT_32) || (type >= STR_8 && type <= STR_32) || type >= ARRAY_16
      if (!hasLength) continue
      const length = width === 1 ? data.getUint8(at + 1) : width === 2 ? data.getUint16(at + 1) : data.getUint32(at + 1)
      if (type >= MAP_16) nest(2 * length)
      else if (type >= ARRAY_16) nest(length)
      else skip(type >= EXT_8 && type <= EXT_32 ? length + 1 : length)
    }
  }
  if (position !== end) throw corrupt('the value ends here, but more bytes follow')
}
