import { capabilities } from '@memlane/core'
import { TEXT_ENCODINGS } from '@memlane/protocol'
import { Command, CommanderError, InvalidArgumentError, Option, type OptionValues } from 'commander'
import { FIGURES_NAMES, type FiguresShape } from './machine-figures.js'

const CLASSIC_NAME = 'Global\\MyFileMappingObject'
export const SHAPES = Object.keys(FIGURES_NAMES) as FiguresShape[]
export const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface ProgramDescription {
  name: string
  description: string
  /** The help texts of `--length`, `--count`, `--rate`, and the option of each shape for this program. */
  length: string
  count: string
  rate: string
  shapes: Record<FiguresShape, string>
  /** The long names of the options that only messages have, besides `--length` and `--encoding`. */
  messageOptions: string[]
}

/** Makes the command line of a program, with the options that both programs have. */
export function createProgram(about: ProgramDescription): Command {
  const { name, description, length, count, rate, shapes, messageOptions } = about
  const names = SHAPES.map((shape) => `of the ${shape} (default: ${FIGURES_NAMES[shape]})`).join(', ')
  const program = new Command(name)
    .description(description)
    .option('--name <name>', `the name of the memory (default: ${CLASSIC_NAME}), ${names}`)
    .option('--length <bytes>', length, wholeNumber(1, capabilities.maxViewLength), 256)
    .addOption(
      new Option('--encoding <encoding>', 'how the text lies in memory').choices(TEXT_ENCODINGS).default('utf16le'),
    )
  for (const shape of SHAPES) {
    const others = SHAPES.filter((other) => other !== shape)
    const conflicts = [...others, 'length', 'encoding', ...messageOptions]
    program.addOption(new Option(`--${shape}`, shapes[shape]).conflicts(conflicts))
  }
  return program
    .option('--count <messages>', count, wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--rate <hz>', rate, wholeNumber(1, 1000), 10)
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`Try ${name} --help.`)
    .exitOverride()
}

/**
 * Reads the command line. If there is nothing to run (`--help`, or an error), sets the exit code and returns undefined;
 * commander has printed the reason.
 *
 * @param read turns the options into the values that the program runs with. It also gets the shape; undefined for a message
 */
export function parseArguments<T>(
  program: Command,
  argv: readonly string[],
  read: (options: OptionValues, shape: FiguresShape | undefined) => T,
): T | undefined {
  try {
    const options = program.parse(argv).opts()
    const shape = SHAPES.find((shape) => options[shape])
    return read({ ...options, name: options.name ?? (shape ? FIGURES_NAMES[shape] : CLASSIC_NAME) }, shape)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : 2
    return undefined
  }
}

/** Refuses options that have no meaning without one of these shapes. Takes their long names. */
export function refuseWithout(shapes: readonly FiguresShape[], program: Command, ...options: string[]): void {
  const needed = shapes.map((shape) => `'--${shape}'`).join(' or ')
  for (const option of options) {
    if (program.getOptionValueSource(option) !== 'cli') continue
    program.error(`error: option '--${option}' cannot be used without option ${needed}`)
  }
}

export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
