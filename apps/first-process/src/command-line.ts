import {
  createProgram,
  LONGEST_TIMER_MS,
  parseArguments,
  refuseWithoutStream,
  wholeNumber,
} from '@memlane/demo-shared/command-line'
import type { TextEncoding } from '@memlane/protocol'

export interface MessageOptions {
  stream: false
  name: string
  message: string
  /** Bytes. */
  length: number
  encoding: TextEncoding
  /** How long to hold the memory; until a key is pressed when undefined. */
  holdMs: number | undefined
}

export interface StreamOptions {
  stream: true
  name: string
  /** Messages a second. */
  rate: number
  /** How many messages to send; until a key is pressed when undefined. */
  count: number | undefined
}

const notes = `
The memory lives as long as a process holds it. Every user whom the permissions
admit sees names that begin with Global\\. Only this user sees names without a
prefix. In a POSIX shell, put a name with a backslash in quotes.

On Windows, only administrators and services can create names that begin with
Global\\, such as the default one. Start both processes elevated, or give both
--name Local\\MyFileMappingObject.

Where standard input is not a terminal, any byte or its end stands for the key.
SIGINT, SIGTERM and SIGHUP end it too.

With --stream it never waits for those who watch, be they slow, stopped or dead.
Killed and started again, it goes on in its stream, as long as somebody has that
open.

Exit code: 0 when the message was written (or all was sent until the end), 1 when
something failed, 2 when the command line is wrong.

Both processes must be given the same name, length and encoding.

Examples, in two terminals:
  first-process "Hello."
  second-process

  first-process --stream
  second-process --stream`

const program = createProgram({
  name: 'first-process',
  description:
    'Creates named shared memory (or opens it, if it is there), writes a message into it, and waits for a key.',
  length: 'the length of the memory',
  stream: "send this machine's figures (load, memory, this process) through a stream, until a key comes",
  count: 'with --stream: end after so many messages in place of the key',
  messageOptions: ['hold'],
})
  .argument('[message]', 'the text to write', 'Message from first process.')
  .option('--hold <ms>', 'end after this many milliseconds in place of the key', wholeNumber(0, LONGEST_TIMER_MS))
  .option('--rate <hz>', 'with --stream: messages a second', wholeNumber(1, 1000), 10)
  .addHelpText('after', notes)

export function parseCommandLine(argv: readonly string[]): MessageOptions | StreamOptions | undefined {
  return parseArguments(program, argv, ({ stream, name, length, encoding, hold, rate, count }) => {
    if (stream) {
      if (program.args.length > 0) program.error("error: option '--stream' cannot be used with a message")
      return { stream, name, rate, count }
    }
    refuseWithoutStream(program, 'rate', 'count')
    return { stream: false, name, message: program.processedArgs[0], length, encoding, holdMs: hold }
  })
}
