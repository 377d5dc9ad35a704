/** What the two processes of `bench` send each other. */

import { f64, type ReadonlyMessageView, struct, u32 } from '@memlane/protocol'

/** 32 bytes, all numbers. */
export const Quote = struct('Quote', { id: u32, size: u32, bid: f64, ask: f64, time: f64 })
export type ReadonlyQuote = ReadonlyMessageView<typeof Quote>

/** The id of the message that ends a part of the measurement. */
export const END = 0xffff_ffff
/** A process that has heard nothing for so long gives up. */
export const PATIENCE_MS = 15_000

export const requestsOf = (name: string) => `${name}-requests`
export const repliesOf = (name: string) => `${name}-replies`
