import { bytes, type Infer, struct, u32 } from '@memlane/protocol'

/** Bytes of a lane: the fewest there can be. */
export const CAPACITY = 65_536

/** So long that seven fill a lane. */
const BODY_LENGTH = 8192

/** A message that shows if it is torn: each byte of the body follows from the number. */
export const Numbered = struct('Numbered', { number: u32, lane: u32, body: bytes(BODY_LENGTH) })
export type Numbered = Infer<typeof Numbered>

export function numbered(lane: number, number: number): Numbered {
  return { number, lane, body: new Uint8Array(BODY_LENGTH).fill(number) }
}

/** The value of a region: a message without a lane. */
export function regionValue(number: number): Omit<Numbered, 'lane'> {
  return { number, body: new Uint8Array(BODY_LENGTH).fill(number) }
}

export function isWhole({ number, body }: { number: number; body: Iterable<number> }): boolean {
  for (const byte of body) if (byte !== (number & 0xff)) return false
  return true
}

const fields = { begin: u32, number: u32, body: bytes(BODY_LENGTH) }

/** The same in a region, with each kind of version words. */
export const regions = {
  sequence: struct('NumberedBySequence', fields, { consistency: { sequence: 'begin' } }),
  pair: struct('NumberedByPair', { ...fields, end: u32 }, { consistency: { begin: 'begin', end: 'end' } }),
  counter: struct('NumberedByCounter', fields, { consistency: { counter: 'begin' } }),
}
