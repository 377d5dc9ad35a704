/**
 * A child process for tests. It keeps all output of the child, and a test can wait for a line. A watchdog ends a child that
 * hangs, and names it. No function here waits forever.
 */
import { type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio, spawn } from 'node:child_process'

export interface ChildOptions {
  /** The folder to start in; this process's own by default. */
  cwd?: string | undefined
  /** Variables set in addition to this process's own; `undefined` removes a variable. */
  env?: Record<string, string | undefined> | undefined
  /** How long the child may live, in milliseconds, before the watchdog kills it. Default: 30,000. */
  timeoutMs?: number | undefined
  /** Makes the child the leader of a process group, so that the watchdog ends the child's own children too (POSIX). */
  group?: boolean | undefined
}

/** How a child ended, with all that it printed. Exactly one of `code` and `signal` is null. */
export interface ChildExit {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Child extends Disposable {
  readonly pid: number | undefined
  /** What the child has printed on its standard output so far. */
  readonly stdout: string
  /** What the child has printed on its standard error so far. */
  readonly stderr: string
  /**
   * Settles when the child has ended and its output is complete. Rejects when it could not be started or when the
   * watchdog had to end it, naming the command and showing its output.
   */
  readonly exit: Promise<ChildExit>
  /**
   * Waits for a line of standard output that equals a text or matches a pattern. Resolves to the line without its line feed.
   * Lines that were printed before the call count, too. Rejects if the child ends without such a line.
   */
  line(pattern: string | RegExp): Promise<string>
  /** Writes to the child's standard input. */
  write(text: string): void
  /** Ends the child's standard input. */
  end(): void
  /** Sends a signal (default: SIGTERM). Harmless when the child has ended. */
  kill(signal?: NodeJS.Signals): void
  /** Kills the child at once if it still lives. */
  [Symbol.dispose](): void
}

const DEFAULT_TIMEOUT_MS = 30_000

/** A grandchild may keep the output open after the end of the child. So the wait for the rest of the output has this limit. */
const OUTPUT_GRACE_MS = 2_000

const living = new Set<RunningChild>()
process.once('exit', () => {
  for (const child of living) child[Symbol.dispose]()
})

/** Starts a program with pipes for its standard streams, under a watchdog. */
export function spawnChild(command: string, args: readonly string[] = [], options: ChildOptions = {}): Child {
  return new RunningChild(command, args, options)
}

interface LineWaiter {
  matches(line: string): boolean
  wanted: string
  resolve(line: string): void
  reject(error: Error): void
}

class RunningChild implements Child {
  readonly exit: Promise<ChildExit>
  stdout = ''
  stderr = ''

  readonly #commandLine: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #group: boolean
  readonly #waiters = new Set<LineWaiter>()
  #seenLength = 0
  #ended: Error | undefined

  constructor(command: string, args: readonly string[], options: ChildOptions) {
    this.#commandLine = [command, ...args].join(' ')
    this.#group = options.group ?? false
    this.#process = start(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: this.#group,
      windowsHide: true,
    })
    living.add(this)

    this.#process.stdin.on('error', () => {}) // the child ended before it read everything: its exit has the reason
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#offerLines(false)
    })
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })

    this.exit = this.#watch(options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    this.exit.then(
      ({ code, signal }) => this.#settle(this.#failure(`ended (${signal ?? `exit code ${code}`})`)),
      (error: Error) => this.#settle(error),
    )
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  line(pattern: string | RegExp): Promise<string> {
    const matches = (line: string) => (typeof pattern === 'string' ? line === pattern : line.search(pattern) >= 0)
    const earlier = completeLines(this.stdout, this.#ended !== undefined).find(matches)
    if (earlier !== undefined) return Promise.resolve(earlier)

    const wanted = typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern)
    if (this.#ended !== undefined) return Promise.reject(lineMissing(this.#ended, wanted))
    return new Promise((resolve, reject) => {
      this.#waiters.add({ matches, wanted, resolve, reject })
    })
  }

  write(text: string): void {
    this.#process.stdin.write(text)
  }

  end(): void {
    this.#process.stdin.end()
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (!('Deno' in globalThis)) {
      this.#process.kill(signal)
      return
    }
    if (this.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return
    try {
      process.kill(this.pid, signal) // a ChildProcess of Deno sends only one signal
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  [Symbol.dispose](): void {
    if (!living.has(this)) return
    if (this.#group && this.pid !== undefined) {
      try {
        process.kill(-this.pid, 'SIGKILL')
      } catch {
        // the whole group has ended by itself
      }
    }
    this.kill('SIGKILL')
  }

  #watch(timeoutMs: number): Promise<ChildExit> {
    return new Promise((resolve, reject) => {
      let grace: NodeJS.Timeout | undefined
      const watchdog = setTimeout(() => {
        reject(this.#failure(`hung: it had not ended after ${timeoutMs} ms`))
        this[Symbol.dispose]()
      }, timeoutMs)

      const finish = (code: number | null, signal: NodeJS.Signals | null) => {
        clearTimeout(watchdog)
        clearTimeout(grace)
        living.delete(this)
        this.#offerLines(true)
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      }
      this.#process.once('close', finish)
      this.#process.once('exit', (code, signal) => {
        grace = setTimeout(() => {
          this.#process.stdout.destroy()
          this.#process.stderr.destroy()
          finish(code, signal)
        }, OUTPUT_GRACE_MS)
      })
      this.#process.once('error', (cause) => {
        clearTimeout(watchdog)
        living.delete(this)
        reject(this.#failure(`could not be started: ${cause.message}`))
      })
    })
  }

  /** Hands each line that has become complete to those who wait for it. */
  #offerLines(ended: boolean): void {
    const fresh = this.stdout.slice(this.#seenLength)
    const end = ended ? fresh.length : fresh.lastIndexOf('\n') + 1
    this.#seenLength += end
    for (const line of completeLines(fresh.slice(0, end), ended)) {
      for (const waiter of this.#waiters) {
        if (!waiter.matches(line)) continue
        this.#waiters.delete(waiter)
        waiter.resolve(line)
      }
    }
  }

  #settle(reason: Error): void {
    this.#ended = reason
    for (const waiter of this.#waiters) waiter.reject(lineMissing(reason, waiter.wanted))
    this.#waiters.clear()
  }

  #failure(what: string): Error {
    return new Error(
      `child ${this.#commandLine} ${what}\n${shown('stdout', this.stdout)}${shown('stderr', this.stderr)}`,
    )
  }
}

/** Now and then Wine 8 fails to start a process, with an error that Node knows no name for; the next attempt succeeds. */
function start(command: string, args: readonly string[], options: SpawnOptionsWithoutStdio) {
  for (let attempt = 1; ; attempt++) {
    try {
      return spawn(command, args, options)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'UNKNOWN' || attempt === 3) throw error
    }
  }
}

function lineMissing(reason: Error, wanted: string): Error {
  return new Error(`no line ${wanted} came: ${reason.message}`, { cause: reason })
}

/** The lines of a text without their ends; the part after the last line feed counts as a line only when no more comes. */
function completeLines(text: string, ended: boolean): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (!ended || lines.at(-1) === '') lines.pop()
  return lines
}

function shown(stream: string, text: string): string {
  return text === '' ? `its ${stream} was empty\n` : `its ${stream} so far:\n${text.trimEnd()}\n`
}
