import { run } from '../src/run.js'
import type { Terminal, Writer } from '../src/terminal.js'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  /** What the command reads. Default: a terminal, where nobody types. */
  readonly input?: string
  /** Whether the output is a terminal of 100 characters. Default false. */
  readonly isTerminal?: boolean
  readonly env?: Record<string, string>
  /** Ends the command, as Ctrl-C does. */
  readonly signal?: AbortSignal
  /** Gets all that was printed so far, after each write. */
  readonly onOutput?: (stdout: string) => void
}

/** Runs a command line in this process. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { input, isTerminal = false, env = {}, signal = new AbortController().signal, onOutput } = options
  const printed = { stdout: '', stderr: '' }
  const writer = (stream: 'stdout' | 'stderr'): Writer => ({
    write(text) {
      printed[stream] += text
      if (stream === 'stdout') onOutput?.(printed.stdout)
      return true
    },
    drained: () => Promise.resolve(),
    isTTY: isTerminal,
    columns: isTerminal ? 100 : undefined,
    rows: isTerminal ? 30 : undefined,
  })
  const terminal: Terminal = {
    input: Object.assign(inputOf(input), { isTTY: input === undefined }),
    output: writer('stdout'),
    errors: writer('stderr'),
    env,
    signal,
    lowerPriority() {},
  }
  return { code: await run(argv, terminal), ...printed }
}

/** Runs a command that prints one JSON object, or one per line. */
export async function runJson(argv: readonly string[], options?: CommandOptions) {
  const { code, stdout, stderr } = await runCommand([...argv, '--json'], options)
  if (stderr !== '') throw new Error(stderr)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return { code, objects: lines.map((line) => JSON.parse(line)) }
}

async function* inputOf(text = '') {
  yield Buffer.from(text)
}
