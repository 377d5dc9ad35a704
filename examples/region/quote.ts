import { f64, struct, u32, utf8 } from 'memlane'

/** `seq` is a version word: it lets readers take consistent snapshots. */
export const Quote = struct(
  'Quote',
  { symbol: utf8(8), bid: f64, ask: f64, seq: u32 },
  { consistency: { sequence: 'seq' } },
)
