/** Changes to memory that a correct peer would never make. */

import { oneOf, type Random } from '@memlane/testing/random'

/** Words that are likely to cause errors: ends of ranges, and misaligned numbers. */
const HOSTILE = [0, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 0x7fff_ffff, -0x8000_0000, 0x1fff_ffff, 0x2000_0000, -8, -4096]

export function below(random: Random, count: number): number {
  return Math.floor(random() * count)
}

/** A random word. It is often hostile, or close to one of the words in `near`. */
export function hostileWord(random: Random, near: readonly number[] = []): number {
  const choice = random()
  if (choice < 0.35) return oneOf(random, HOSTILE)
  if (choice < 0.75 && near.length > 0) return (oneOf(random, near) + oneOf(random, [0, 0, 8, -8, 4, -4, 1, -1])) | 0
  return (random() * 2 ** 32) | 0
}

/** Changes some words, bits or bytes. */
export function scribble(random: Random, bytes: Uint8Array, most = 4, near?: readonly number[]): void {
  if (bytes.length < 4) return
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let left = 1 + below(random, most); left > 0; left--) {
    const place = below(random, bytes.length - 3)
    const choice = random()
    if (choice < 0.6) data.setInt32(place & ~3, hostileWord(random, near), true)
    else if (choice < 0.8) data.setUint8(place, data.getUint8(place) ^ (1 << below(random, 8)))
    else if (choice < 0.95) data.setUint8(place, below(random, 256))
    else bytes.copyWithin(place, below(random, bytes.length), below(random, bytes.length))
  }
}
