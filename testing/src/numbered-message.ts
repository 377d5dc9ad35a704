import { type Infer, struct, u32 } from '@memlane/protocol'

/** A message that shows if it is lost, duplicated, torn or out of order. */
export const Numbered = struct('Numbered', {
  /** The producer that sent it. */
  author: u32,
  /** Counts that producer's messages, from 0. */
  own: u32,
  lane: u32,
  /** Counts the lane's messages, from 0. It includes messages of earlier producers. */
  number: u32,
  /** Follow from the others. */
  a: u32,
  b: u32,
  c: u32,
  d: u32,
  e: u32,
  f: u32,
  checksum: u32,
})

export type NumberedMessage = Infer<typeof Numbered>

export function numbered(author: number, own: number, lane: number, number: number): NumberedMessage {
  const a = mix(author, own)
  const b = mix(a, lane)
  const c = mix(b, number)
  const d = mix(c, author)
  const e = mix(d, own)
  const f = mix(e, number)
  const checksum = checksumOf(author, own, lane, number, a ^ b ^ c ^ d ^ e ^ f)
  return { author, own, lane, number, a, b, c, d, e, f, checksum }
}

/** True if all fields belong to one message. */
export function isWhole({ author, own, lane, number, a, b, c, d, e, f, checksum }: NumberedMessage): boolean {
  return checksum === checksumOf(author, own, lane, number, a ^ b ^ c ^ d ^ e ^ f) && a === mix(author, own)
}

function checksumOf(author: number, own: number, lane: number, number: number, rest: number): number {
  return mix(mix(mix(mix(rest, author), own), lane), number)
}

function mix(a: number, b: number): number {
  const bits = Math.imul(a ^ (b + 0x9e37_79b9), 0x85eb_ca6b)
  return (bits ^ (bits >>> 15)) >>> 0
}
