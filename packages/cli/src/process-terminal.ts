import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { EXIT } from './exit-code.js'
import type { Terminal, Writer } from './terminal.js'

/** SIGHUP: the terminal was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Makes the terminal of this process. From then on, signals and a closed output end the command instead of the process. */
export function processTerminal(): Terminal {
  const controller = new AbortController()
  const end = () => controller.abort()
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT.FAILED) // the command has not ended at the first signal
    end()
  }
  for (const name of SIGNALS) process.on(name, interrupt)
  return {
    input: process.stdin,
    output: writerOf(process.stdout, end),
    errors: writerOf(process.stderr, end),
    env: process.env,
    signal: controller.signal,
    lowerPriority() {
      try {
        setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
      } catch {
        // This runtime or system does not let it.
      }
    },
  }
}

/** @param end called if nobody reads any more: `memlane tail quotes | head -1` */
function writerOf(stream: NodeJS.WriteStream, end: () => void): Writer {
  stream.on('error', end)
  return {
    write: (text) => stream.write(text),
    async drained(signal) {
      await once(stream, 'drain', { signal })
    },
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns
    },
    get rows() {
      return stream.rows
    },
  }
}
