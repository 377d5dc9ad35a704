import { f64, type Infer, type ReadonlyMessageView, struct, u32 } from 'memlane'

/** The message of most programs here: 32 bytes, all numbers. */
export const Quote = struct('Quote', { id: u32, size: u32, bid: f64, ask: f64, time: f64 })
export type Quote = Infer<typeof Quote>
export type QuoteInPlace = ReadonlyMessageView<typeof Quote>
