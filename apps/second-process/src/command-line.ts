import {
  createProgram,
  LONGEST_TIMER_MS,
  parseArguments,
  refuseWithoutStream,
  wholeNumber,
} from '@memlane/demo-shared/command-line'
import type { TextEncoding } from '@memlane/protocol'
import { Option } from 'commander'
import { type Destination, defaultDestination, destinations } from './show.js'

export interface MessageOptions {
  stream: false
  name: string
  /** How long to wait for the first process; 0 does not wait. */
  waitMs: number
  /** Bytes. */
  length: number
  encoding: TextEncoding
  destination: Destination
}

export interface StreamOptions {
  stream: true
  name: string
  /** How long to wait for the first process to appear; 0 does not wait. */
  waitMs: number
  /** How many messages to show; until a key is pressed when undefined. */
  count: number | undefined
}

const notes = `
Every user whom the permissions admit sees names that begin with Global\\. Only this
user sees names without a prefix. In a POSIX shell, put a name with a backslash in
quotes.

On Windows, memory that an elevated first process made admits only elevated ones.

A dialog is a message box on Windows; elsewhere it is that of zenity, kdialog or
xmessage, whichever is there.

With --stream, the table is redrawn in place; where standard output is not a
terminal, each message is a line. When the first process is killed, this one says
so and waits until it is back, however long (--wait is for its first appearance).
When the first process ends in order, this one ends too. It also ends by a key (or
any byte or the end of standard input where that is not a terminal), SIGINT,
SIGTERM and SIGHUP.

Exit code: 0 when the message was shown (or all that came until the end), 1 when
something failed, 2 when the command line is wrong.

Both processes must be given the same name, length and encoding.

Examples, in two terminals:
  first-process "Hello."
  second-process

  first-process --stream
  second-process --stream`

const program = createProgram({
  name: 'second-process',
  description: 'Opens the named shared memory of the first process, reads the message there, and shows it.',
  length: 'how much of the memory to map',
  stream: 'show the figures that the first process sends through a stream, as a live table, until a key comes',
  count: 'with --stream: end after so many messages in place of the key',
  messageOptions: ['show'],
})
  .addOption(new Option('--show <where>', 'where to show it').choices(destinations).default(defaultDestination))
  .option('--wait <ms>', 'wait this many milliseconds for the first process', wholeNumber(0, LONGEST_TIMER_MS), 0)
  .addHelpText('after', notes)

export function parseCommandLine(argv: readonly string[]): MessageOptions | StreamOptions | undefined {
  return parseArguments(program, argv, ({ stream, name, wait, count, length, encoding, show }) => {
    if (stream) return { stream, name, waitMs: wait, count }
    refuseWithoutStream(program, 'count')
    return { stream: false, name, waitMs: wait, length, encoding, destination: show }
  })
}
