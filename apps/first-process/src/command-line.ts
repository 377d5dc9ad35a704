import { TEXT_ENCODINGS, type TextEncoding } from '@memlane/protocol'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'

export interface Options {
  message: string
  name: string
  /** Bytes. */
  length: number
  encoding: TextEncoding
  /** How long to hold the memory; until a key is pressed when undefined. */
  holdMs: number | undefined
}

const CLASSIC_NAME = 'Global\\MyFileMappingObject'
const LONGEST_TIMER_MS = 2 ** 31 - 1

const notes = `
The memory lives as long as somebody holds it. Names that begin with Global\\ are
seen by every user whom the permissions admit, names without a prefix by this
user alone. In a POSIX shell, put a name with a backslash in quotes.

Where standard input is not a terminal, any byte or its end stands for the key.
SIGINT, SIGTERM and SIGHUP end it too.

Exit code: 0 when the message was written, 1 when something failed, 2 when the
command line is wrong.

Both processes must be given the same name, length and encoding.

Example, in two terminals:
  first-process "Hello."
  second-process`

const program = new Command('first-process')
  .description(
    'Creates named shared memory (or opens it, if it is there), writes a message into it, and waits for a key.',
  )
  .argument('[message]', 'the text to write', 'Message from first process.')
  .addOption(new Option('--name <name>', 'the name of the memory').default(CLASSIC_NAME, CLASSIC_NAME))
  .option('--length <bytes>', 'the length of the memory', wholeNumber(1, Number.MAX_SAFE_INTEGER), 256)
  .addOption(
    new Option('--encoding <encoding>', 'how the text lies in memory').choices(TEXT_ENCODINGS).default('utf16le'),
  )
  .option('--hold <ms>', 'end after this many milliseconds in place of the key', wholeNumber(0, LONGEST_TIMER_MS))
  .helpOption('-h, --help', 'show this help')
  .addHelpText('after', notes)
  .showHelpAfterError('Try first-process --help.')
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
  const { name, length, encoding, hold } = program.opts()
  return { message: program.processedArgs[0], name, length, encoding, holdMs: hold }
}

function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
