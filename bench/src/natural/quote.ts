import { f64, type Infer, type MessageView, type ReadonlyMessageView, struct, u32 } from 'memlane'

/** The message of most programs here: 32 bytes, all numbers. */
export const Quote = struct('Quote', { id: u32, size: u32, bid: f64, ask: f64, time: f64 })
export type Quote = Infer<typeof Quote>
/** A quote in place, as its writer and its readers see it. */
export type WritableQuote = MessageView<typeof Quote>
export type ReadonlyQuote = ReadonlyMessageView<typeof Quote>
