import { capabilities } from '@memlane/core'
import { TEXT_ENCODINGS } from '@memlane/protocol'
import { Command, CommanderError, InvalidArgumentError, Option, type OptionValues } from 'commander'
import { LATEST_FIGURES_NAME, MACHINE_FIGURES_NAME } from './machine-figures.js'

const CLASSIC_NAME = 'Global\\MyFileMappingObject'
export const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface ProgramDescription {
  name: string
  description: string
  /** The help texts of `--length`, `--stream`, `--latest` and `--count` for this program. */
  length: string
  stream: string
  latest: string
  count: string
  /** The long names of the options that only messages have, besides `--length` and `--encoding`. */
  messageOptions: string[]
}

/** Makes the command line of a program, with the options that both programs have. */
export function createProgram(about: ProgramDescription): Command {
  const { name, description, length, stream, latest, count, messageOptions } = about
  const names =
    `the name of the memory (default: ${CLASSIC_NAME}), of the stream (default: ${MACHINE_FIGURES_NAME}), or of the latest ` +
    `(default: ${LATEST_FIGURES_NAME})`
  return new Command(name)
    .description(description)
    .option('--name <name>', names)
    .option('--length <bytes>', length, wholeNumber(1, capabilities.maxViewLength), 256)
    .addOption(
      new Option('--encoding <encoding>', 'how the text lies in memory').choices(TEXT_ENCODINGS).default('utf16le'),
    )
    .addOption(new Option('--stream', stream).conflicts(['length', 'encoding', ...messageOptions]))
    .addOption(new Option('--latest', latest).conflicts(['stream', 'length', 'encoding', ...messageOptions]))
    .option('--count <messages>', count, wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`Try ${name} --help.`)
    .exitOverride()
}

/**
 * Reads the command line. If there is nothing to run (`--help`, or an error), sets the exit code and returns undefined;
 * commander has printed the reason.
 *
 * @param read turns the options into the values that the program runs with
 */
export function parseArguments<T>(
  program: Command,
  argv: readonly string[],
  read: (options: OptionValues) => T,
): T | undefined {
  try {
    const options = program.parse(argv).opts()
    const { stream, latest } = options
    const usual = stream ? MACHINE_FIGURES_NAME : latest ? LATEST_FIGURES_NAME : CLASSIC_NAME
    return read({ ...options, name: options.name ?? usual })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : 2
    return undefined
  }
}

/** Refuses options that have no meaning without `--stream` or `--latest`. Takes their long names. */
export function refuseForMessage(program: Command, ...options: string[]): void {
  for (const option of options) {
    if (program.getOptionValueSource(option) !== 'cli') continue
    program.error(`error: option '--${option}' cannot be used without option '--stream' or '--latest'`)
  }
}

export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
