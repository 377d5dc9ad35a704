import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RoleTask } from './bridge-trial.js'

const program = fileURLToPath(new URL('./roles.ts', import.meta.url))
/** Linux counts CPU time in these. */
const NS_PER_TICK = 1e7

/** A process of a trial, seen from the hub. */
export class RoleProcess implements Disposable {
  readonly #child: ChildProcess
  readonly #answers = new Map<number, (answer: unknown) => void>()
  readonly #ready: Promise<void>
  readonly #failure: Promise<never>
  #lastId = 0

  constructor(task: RoleTask) {
    const { execArgv } = process
    this.#child = fork(program, [JSON.stringify(task)], { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#failure = new Promise((_, reject) => {
      this.#child.once('exit', (code, signal) => reject(new Error(`the ${task.role} ended with ${signal ?? code}`)))
    })
    this.#failure.catch(() => {})
    this.#ready = new Promise((resolve) => {
      this.#child.on('message', (message: 'ready' | [id: number, answer: unknown]) => {
        if (message === 'ready') resolve()
        else this.#answers.get(message[0])?.(message[1])
      })
    })
  }

  async ready(): Promise<void> {
    await Promise.race([this.#ready, this.#failure])
  }

  // biome-ignore lint/suspicious/noExplicitAny: each verb has an answer of its own type
  ask(verb: string, argument?: unknown): Promise<any> {
    const id = ++this.#lastId
    const answer = new Promise((resolve) => this.#answers.set(id, resolve))
    this.#child.send([id, verb, argument])
    return Promise.race([answer, this.#failure])
  }

  /** User and system time so far, in ns. */
  get processorNs(): number {
    return processorNsOf(this.#child.pid)
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

/** User and system time of a process so far, in ns. */
export function processorNsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * NS_PER_TICK
}
