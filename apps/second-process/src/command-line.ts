import {
  createProgram,
  LONGEST_TIMER_MS,
  parseArguments,
  refuseWithout,
  SHAPES,
  wholeNumber,
} from '@memlane/demo-shared/command-line'
import type { FiguresShape } from '@memlane/demo-shared/machine-figures'
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
  shape: FiguresShape
  name: string
  /** How long to wait for the first process to appear; 0 does not wait. */
  waitMs: number
  /** How many messages to show. If undefined: show them until a key is pressed. */
  count: number | undefined
  /** How long to work on each message of a queue. */
  workMs: number
  /** How many figures a second to call for. */
  rate: number
  /** The path whose disk to call for. */
  disk: string
}

const LONGEST_WORK_MS = 60_000

const notes = `
Names that begin with Global\\ are visible to every user that the permissions
allow. Names without a prefix are visible only to this user (on Windows: only in
this login session). In a POSIX shell, put a name with a backslash in quotes.

On Windows, if the first process is elevated, only elevated processes can open its
memory.

The dialog is a message box on Windows. Elsewhere, zenity, kdialog or xmessage shows
it: the first of these that is installed.

With --stream, --latest, --queue or --call, the second process redraws a table in
place. If standard output is not a terminal, it prints each message as a line. If the
first process is killed, the second one says so and waits without a limit for a
restart (--wait limits only the first wait). If the first process ends in an orderly
way, the second one ends, too, except with --queue and --call. A key, SIGINT, SIGTERM
or SIGHUP also ends the second process. If standard input is not a terminal, any byte
or the end of input counts as the key.

With --queue, each message goes to one second process, which shows it and then works
on it. If that process is killed meanwhile, another one gets the message. A second
process that is asked to end first finishes its message.

With --call, the second process calls one of the first processes: for a stream of
figures, and for how full a disk is. If that first process is killed or ends, it
calls another one, or the next one that starts.

Exit code: 0 if the message was shown (with --stream, --latest, --queue or --call: if
showing ended without an error), 1 if something failed, 2 if the command line is
wrong.

Both processes must be given the same name, length and encoding.

Examples, in two terminals:
  first-process "Hello."
  second-process

  first-process --stream
  second-process --stream

  first-process --latest
  second-process --latest

  first-process --queue
  second-process --queue     (in several terminals)

  first-process --call       (in several terminals)
  second-process --call`

const program = createProgram({
  name: 'second-process',
  description: 'Opens the named shared memory of the first process, reads the message there, and shows it.',
  length: 'how much of the memory to map',
  shapes: {
    stream: 'show the figures that the first process sends through a stream, as a live table, until a key is pressed',
    latest: 'show the newest figures of the first process, which may skip some, until a key is pressed',
    queue: 'share the figures that the first process sends with other second processes, until a key is pressed',
    call: 'call the first process for its figures, until a key is pressed',
  },
  count: 'with a stream, latest, queue or calls: end after this many messages instead of waiting for a key',
  rate: 'with --call: how many figures a second to call for',
  messageOptions: ['show'],
})
  .addOption(
    new Option('--show <where>', 'where to show the message').choices(destinations).default(defaultDestination),
  )
  .option('--wait <ms>', 'wait this many milliseconds for the first process', wholeNumber(0, LONGEST_TIMER_MS), 0)
  .option('--work <ms>', 'with --queue: work this long on each message', wholeNumber(0, LONGEST_WORK_MS), 50)
  .option('--disk <path>', 'with --call: show the disk of this path, as the first process sees it', '.')
  .addHelpText('after', notes)

export function parseCommandLine(argv: readonly string[]): MessageOptions | FiguresOptions | undefined {
  return parseArguments(program, argv, ({ name, wait, count, work, rate, disk, length, encoding, show }, shape) => {
    if (shape !== 'queue') refuseWithout(['queue'], program, 'work')
    if (shape !== 'call') refuseWithout(['call'], program, 'rate', 'disk')
    if (shape) return { shape, name, waitMs: wait, count, workMs: work, rate, disk }
    refuseWithout(SHAPES, program, 'count')
    return { shape: 'message', name, waitMs: wait, length, encoding, destination: show }
  })
}
