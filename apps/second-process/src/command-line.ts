import {
  createProgram,
  LONGEST_TIMER_MS,
  parseArguments,
  refuseForMessage,
  wholeNumber,
} from '@memlane/demo-shared/command-line'
import type { TextEncoding } from '@memlane/protocol'
import { Option } from 'commander'
import { type Destination, defaultDestination, destinations } from './show.js'

export interface MessageOptions {
  shape: 'message'
  name: string
  /** How long to wait for the first process; 0 does not wait. */
  waitMs: number
  /** Bytes. */
  length: number
  encoding: TextEncoding
  destination: Destination
}

export interface FiguresOptions {
  shape: 'stream' | 'latest'
  name: string
  /** How long to wait for the first process to appear; 0 does not wait. */
  waitMs: number
  /** How many messages to show. If undefined: show them until a key is pressed. */
  count: number | undefined
}

const notes = `
Names that begin with Global\\ are visible to every user that the permissions
allow. Names without a prefix are visible only to this user (on Windows: only in
this login session). In a POSIX shell, put a name with a backslash in quotes.

On Windows, if the first process is elevated, only elevated processes can open its
memory.

The dialog is a message box on Windows. Elsewhere, zenity, kdialog or xmessage shows
it: the first of these that is installed.

With --stream or --latest, the second process redraws a table in place. If standard output is
not a terminal, it prints each message as a line. If the first process is killed,
the second one says so and waits without a limit for a restart (--wait limits only
the first wait). If the first process ends in an orderly way, the
second one ends, too. A key, SIGINT, SIGTERM or SIGHUP also ends the second process.
If standard input is not a terminal, any byte or the end of input counts as the key.

Exit code: 0 if the message was shown (with --stream or --latest: if showing ended
without an error), 1 if something failed, 2 if the command line is wrong.

Both processes must be given the same name, length and encoding.

Examples, in two terminals:
  first-process "Hello."
  second-process

  first-process --stream
  second-process --stream

  first-process --latest
  second-process --latest`

const program = createProgram({
  name: 'second-process',
  description: 'Opens the named shared memory of the first process, reads the message there, and shows it.',
  length: 'how much of the memory to map',
  stream: 'show the figures that the first process sends through a stream, as a live table, until a key is pressed',
  latest: 'show the newest figures of the first process, which may skip some, until a key is pressed',
  count: 'with --stream or --latest: end after this many messages instead of waiting for a key',
  messageOptions: ['show'],
})
  .addOption(
    new Option('--show <where>', 'where to show the message').choices(destinations).default(defaultDestination),
  )
  .option('--wait <ms>', 'wait this many milliseconds for the first process', wholeNumber(0, LONGEST_TIMER_MS), 0)
  .addHelpText('after', notes)

export function parseCommandLine(argv: readonly string[]): MessageOptions | FiguresOptions | undefined {
  return parseArguments(program, argv, ({ stream, latest, name, wait, count, length, encoding, show }) => {
    if (stream || latest) return { shape: stream ? 'stream' : 'latest', name, waitMs: wait, count }
    refuseForMessage(program, 'count')
    return { shape: 'message', name, waitMs: wait, length, encoding, destination: show }
  })
}
