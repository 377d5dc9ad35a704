import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { Terminal } from './terminal.js'

/** Yields the lines of the input until it ends, or until the signal aborts. */
export async function* inputLines({ input }: Terminal, signal: AbortSignal): AsyncGenerator<string, void> {
  if (signal.aborted) return
  yield* createInterface({ input: Readable.from(input), crlfDelay: Infinity, signal })
}
