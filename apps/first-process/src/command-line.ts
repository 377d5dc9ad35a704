import {
  createProgram,
  LONGEST_TIMER_MS,
  parseArguments,
  refuseWithout,
  wholeNumber,
} from '@memlane/demo-shared/command-line'
import type { FiguresShape } from '@memlane/demo-shared/machine-figures'
import type { TextEncoding } from '@memlane/protocol'

export interface MessageOptions {
  shape: 'message'
  name: string
  message: string
  /** Bytes. */
  length: number
  encoding: TextEncoding
  /** How long to hold the memory. If undefined: until a key is pressed. */
  holdMs: number | undefined
}

export interface FiguresOptions {
  shape: FiguresShape
  name: string
  /** Messages or values a second. Calls ask for their own rate. */
  rate: number
  /** How many to send. If undefined: until a key is pressed. */
  count: number | undefined
}

const notes = `
The memory lives as long as a process holds it. Names that begin with Global\\
are visible to every user that the permissions allow. Names without a prefix are
visible only to this user (on Windows: only in this login session). In a POSIX
shell, put a name with a backslash in quotes.

On Windows, only administrators and services can create names that begin with
Global\\, such as the default one. Start both processes elevated, or give both
--name Local\\MyFileMappingObject.

If standard input is not a terminal, any byte or the end of input counts as the
key. SIGINT, SIGTERM and SIGHUP also end the process.

With --stream, the first process never waits for consumers, even if they are
slow, stopped or dead. If it is killed and started again, it continues its
stream, provided that another process still has the stream open.

With --latest, the second process shows the newest figures only, and may skip
some. If the first process is killed, its last figures stay.

With --queue, each message goes to one of the second processes, and stays in the
queue until that one is done with it. While the queue is full, the first process
sends nothing. With --count, it waits at the end until all messages are done.

With --call, the first process answers calls: a second process asks for figures,
and how full a disk is. Several first processes share the calls. If one
is killed, another one answers, or the next one that starts.

Exit code: 0 if the message was written (with --stream, --latest, --queue or --call:
if the work ended without an error), 1 if something failed, 2 if the command line
is wrong.

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
  name: 'first-process',
  description:
    'Creates named shared memory (or opens it, if it is there), writes a message into it, and waits for a key.',
  length: 'the length of the memory',
  shapes: {
    stream: "send this machine's figures (load, memory, this process) through a stream, until a key is pressed",
    latest: 'keep the newest of those figures in a latest, until a key is pressed',
    queue: 'send those figures through a queue, each message to one second process, until a key is pressed',
    call: 'answer the calls of second processes with those figures, until a key is pressed',
  },
  count: 'with a stream, latest or queue: end after this many messages instead of waiting for a key',
  rate: 'with a stream, latest or queue: messages a second',
  messageOptions: ['hold'],
})
  .argument('[message]', 'the text to write', 'Message from first process.')
  .option(
    '--hold <ms>',
    'end after this many milliseconds instead of waiting for a key',
    wholeNumber(0, LONGEST_TIMER_MS),
  )
  .addHelpText('after', notes)

/** The shapes in which the first process sends at its own rate. */
const SENDING = ['stream', 'latest', 'queue'] as const

export function parseCommandLine(argv: readonly string[]): MessageOptions | FiguresOptions | undefined {
  return parseArguments(program, argv, ({ name, length, encoding, hold, rate, count }, shape) => {
    if (shape === undefined || shape === 'call') refuseWithout(SENDING, program, 'rate', 'count')
    if (shape) {
      if (program.args.length > 0) program.error(`error: option '--${shape}' cannot be used with a message`)
      return { shape, name, rate, count }
    }
    return { shape: 'message', name, message: program.processedArgs[0], length, encoding, holdMs: hold }
  })
}
