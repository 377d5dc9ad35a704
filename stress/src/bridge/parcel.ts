import { f64, type Infer, struct, u32 } from '@memlane/protocol'

/** A message that travels to the other machine and back. It shows if it is lost, duplicated, torn or out of order. */
export const Parcel = struct('Parcel', {
  /** The producer that sent it. */
  author: u32,
  /** Counts that producer's messages, from 0. */
  own: u32,
  /** When it was sent: steadyNow, which all machines share, because they are none. */
  sentMs: f64,
  /** Follows from the others. */
  checksum: u32,
})

export type ParcelValue = Infer<typeof Parcel>

export function parcel(author: number, own: number, sentMs: number): ParcelValue {
  return { author, own, sentMs, checksum: checksumOf(author, own, sentMs) }
}

export function isWhole({ author, own, sentMs, checksum }: ParcelValue): boolean {
  return checksum === checksumOf(author, own, sentMs)
}

function checksumOf(author: number, own: number, sentMs: number): number {
  const bits = Math.imul(Math.imul(own ^ 0x85eb_ca6b, 0x9e37_79b1) ^ author, 0xc2b2_ae35) ^ Math.trunc(sentMs * 1000)
  return (bits ^ (bits >>> 15)) >>> 0
}
