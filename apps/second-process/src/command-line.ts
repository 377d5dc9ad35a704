import { TEXT_ENCODINGS, type TextEncoding } from '@memlane/protocol'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { type Destination, defaultDestination, destinations } from './show.js'

export interface Options {
  name: string
  /** Bytes. */
  length: number
  encoding: TextEncoding
  destination: Destination
  /** How long to wait for the first process; 0 does not wait. */
  waitMs: number
}

const CLASSIC_NAME = 'Global\\MyFileMappingObject'
const LONGEST_TIMER_MS = 2 ** 31 - 1

const notes = `
Names that begin with Global\\ are seen by every user whom the permissions admit,
names without a prefix by this user alone. In a POSIX shell, put a name with a
backslash in quotes.

A dialog is a message box on Windows; elsewhere it is that of zenity, kdialog or
xmessage, whichever is there.

Exit code: 0 when the message was shown, 1 when something failed, 2 when the
command line is wrong.

Both processes must be given the same name, length and encoding.

Example, in two terminals:
  first-process "Hello."
  second-process`

const program = new Command('second-process')
  .description('Opens the named shared memory of the first process, reads the message there, and shows it.')
  .addOption(new Option('--name <name>', 'the name of the memory').default(CLASSIC_NAME, CLASSIC_NAME))
  .option('--length <bytes>', 'how much of the memory to map', wholeNumber(1, Number.MAX_SAFE_INTEGER), 256)
  .addOption(
    new Option('--encoding <encoding>', 'how the text lies in memory').choices(TEXT_ENCODINGS).default('utf16le'),
  )
  .addOption(new Option('--show <where>', 'where to show it').choices(destinations).default(defaultDestination))
  .option('--wait <ms>', 'wait this many milliseconds for the first process', wholeNumber(0, LONGEST_TIMER_MS), 0)
  .helpOption('-h, --help', 'show this help')
  .addHelpText('after', notes)
  .showHelpAfterError('Try second-process --help.')
  .exitOverride()

/** Reads the command line. When there is nothing to run, says why, sets the exit code and gives undefined. */
export function parseCommandLine(argv: readonly string[]): Options | undefined {
  try {
    program.parse(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : 2
    return undefined
  }
  const { name, length, encoding, show, wait } = program.opts()
  return { name, length, encoding, destination: show, waitMs: wait }
}

function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
