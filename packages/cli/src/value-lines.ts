import { UsageError } from './exit-code.js'
import { inputLines } from './input-lines.js'
import type { Terminal } from './terminal.js'

/**
 * Yields the JSON values of an argument, or of the lines of the input. Skips empty lines.
 *
 * @throws UsageError for text that is not JSON, with its line; also without an argument if the input is a terminal
 */
export function jsonValues(argument: string | undefined, terminal: Terminal): AsyncGenerator<unknown, void> {
  if (argument !== undefined) return only(parsed(argument, 'the argument'))
  if (!terminal.input.isTTY) return valuesOfLines(terminal)
  throw new UsageError('pass the value as an argument, or one JSON value per line as standard input.')
}

async function* only(value: unknown) {
  yield value
}

async function* valuesOfLines(terminal: Terminal) {
  let number = 0
  for await (const line of inputLines(terminal, terminal.signal)) {
    number++
    if (line.trim() !== '') yield parsed(line, `line ${number}`)
  }
}

/** @throws UsageError naming where the text comes from */
function parsed(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${source} is not JSON: ${(error as Error).message}. Text needs its own quotes: '"text"'.`)
  }
}
