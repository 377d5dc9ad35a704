import { capabilities } from '@memlane/core'
import { TEXT_ENCODINGS } from '@memlane/protocol'
import { Command, CommanderError, InvalidArgumentError, Option, type OptionValues } from 'commander'
import { MACHINE_FIGURES_NAME } from './machine-figures.js'

const CLASSIC_NAME = 'Global\\MyFileMappingObject'
export const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface ProgramDescription {
  name: string
  description: string
  /** What these options mean to this one. */
  length: string
  stream: string
  count: string
  /** The options, by their long names, that are for messages alone, beside `--length` and `--encoding`. */
  messageOptions: string[]
}

/** Makes a program with the options that both have. */
export function createProgram(about: ProgramDescription): Command {
  const { name, description, length, stream, count, messageOptions } = about
  const names = `the name of the memory (default: ${CLASSIC_NAME}) or of the stream (default: ${MACHINE_FIGURES_NAME})`
  return new Command(name)
    .description(description)
    .option('--name <name>', names)
    .option('--length <bytes>', length, wholeNumber(1, capabilities.maxViewLength), 256)
    .addOption(
      new Option('--encoding <encoding>', 'how the text lies in memory').choices(TEXT_ENCODINGS).default('utf16le'),
    )
    .addOption(new Option('--stream', stream).conflicts(['length', 'encoding', ...messageOptions]))
    .option('--count <messages>', count, wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`Try ${name} --help.`)
    .exitOverride()
}

/**
 * Reads the command line. When there is nothing to run, says why, sets the exit code and gives undefined.
 *
 * @param read makes of the options what the program runs with
 */
export function parseArguments<T>(
  program: Command,
  argv: readonly string[],
  read: (options: OptionValues) => T,
): T | undefined {
  try {
    const options = program.parse(argv).opts()
    return read({ ...options, name: options.name ?? (options.stream ? MACHINE_FIGURES_NAME : CLASSIC_NAME) })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : 2
    return undefined
  }
}

/** Refuses options, by their long names, that mean nothing to a message. */
export function refuseWithoutStream(program: Command, ...options: string[]): void {
  for (const option of options) {
    if (program.getOptionValueSource(option) !== 'cli') continue
    program.error(`error: option '--${option}' cannot be used without option '--stream'`)
  }
}

export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
