import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, spawnChild } from '@memlane/testing'
import type { Machine } from '@memlane/testing/network'
import type { Task } from './task.js'

const program = fileURLToPath(new URL('./bridge-participant.js', import.meta.url))
const LONGEST_MS = 7_200_000

/** A process on a machine, which is killed and started again with the same task. */
export class Station implements AsyncDisposable {
  readonly name: string
  /** Gets the last line of each life, and its log. */
  readonly onEnd: ((line: string, log: string) => void) | undefined
  readonly #machine: Machine
  readonly #task: Task
  #child: Child | undefined
  #expected = false

  constructor(name: string, machine: Machine, task: Task, onEnd?: (line: string, log: string) => void) {
    this.name = name
    this.#machine = machine
    this.#task = task
    this.onEnd = onEnd
  }

  start(): void {
    const [command = '', ...args] = [...this.#machine.within, process.execPath, program, JSON.stringify(this.#task)]
    const child = spawnChild(command, args, { timeoutMs: LONGEST_MS })
    this.#child = child
    this.#expected = false
    child.exit.then(
      ({ code, signal, stderr }) => {
        if (this.#expected) return
        console.error(`${this.name} ended by itself with ${signal ?? code}:\n${stderr.slice(-4000)}`)
        process.exitCode = 1
      },
      (error: Error) => console.error(error.message.slice(0, 4000)),
    )
  }

  /** The last line that the process has printed; undefined if there is none. */
  get lastLine(): string | undefined {
    return lastLineOf(this.#child?.stdout ?? '')
  }

  /** Waits for a line, and returns the part that the pattern has captured first. */
  async told(pattern: RegExp): Promise<string> {
    const line = await this.#child?.line(pattern)
    return pattern.exec(line ?? '')?.[1] ?? ''
  }

  ask(text: string): void {
    this.#child?.write(text)
  }

  /** Ends the process, by SIGKILL unless told otherwise. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#expected = true
    child.kill('SIGCONT')
    child.kill(signal)
    await child.exit
    const line = lastLineOf(child.stdout)
    if (line !== undefined) this.onEnd?.(line, child.stderr)
    this.#child = undefined
  }

  async stopFor(timeMs: number): Promise<void> {
    const child = this.#child
    child?.kill('SIGSTOP')
    await setTimeout(timeMs)
    child?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end().catch(() => {})
  }
}

function lastLineOf(text: string): string | undefined {
  const end = text.lastIndexOf('\n')
  if (end === -1) return undefined
  return text.slice(text.lastIndexOf('\n', end - 1) + 1, end)
}
