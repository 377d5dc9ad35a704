/** One run of a scenario. It starts victims, and holds the surviving resources until the end. */
import { fileURLToPath } from 'node:url'
import { capabilities } from '@memlane/core'
import { type Child, spawnChild } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import type { CrashPoint } from './crash-point.js'
import type { CrashingRole, Task } from './crashing-process.js'
import { HUNG_MS } from './time-limit.js'

/** How a victim ended. */
export interface Outcome {
  died: boolean
  /** The last message that it had published. */
  committed: number
  /** The place where it died, or the number of stores that it made. */
  where: string
}

/** Does what a victim asks for. The victim waits meanwhile. */
export type Hear = (word: string, number: number) => Promise<void> | void

const program = fileURLToPath(new URL('crashing-process.js', import.meta.url))

export class ScenarioRun {
  /** The name of the stream, queue, region or channel of calls. */
  readonly name: string
  readonly #point: CrashPoint
  readonly #kept: Disposable[] = []

  constructor(name: string, point: CrashPoint) {
    this.name = name
    this.#point = point
  }

  /** Closes a resource when the scenario is over. The last one is closed first. */
  keep<T extends Disposable>(resource: T): T {
    this.#kept.unshift(resource)
    return resource
  }

  /** Plays the role that is examined: it dies at the crash point. */
  crash(role: CrashingRole, part: { lane?: number; first?: number } = {}, hear: Hear = () => {}): Promise<Outcome> {
    return start({ role, name: this.name, lane: 0, first: 1, ...part, ...this.#point }, hear)
  }

  /** Plays a role that dies before the examined role starts. */
  async crashBefore(role: CrashingRole & `${string}dead-${string}`, lane = 0, hear: Hear = () => {}): Promise<Outcome> {
    const outcome = await start({ role, name: this.name, lane, first: 1, store: 0, side: 'before' }, hear)
    if (!outcome.died) throw new Error(`the ${role} lives`)
    return outcome
  }

  close(): void {
    for (const resource of this.#kept.splice(0)) resource[Symbol.dispose]()
  }

  /** @throws Error if a name or a file of the scenario still exists */
  checkNothingLeft(): void {
    const left = leftovers(this.name)
    if (left.length > 0) throw new Error(`left over: ${left.join(' ')}`)
  }
}

async function start(task: Task, hear: Hear): Promise<Outcome> {
  using child = spawnChild(process.execPath, [program, JSON.stringify(task)], { timeoutMs: HUNG_MS })
  const [{ code, signal, stdout, stderr }] = await Promise.all([child.exit, listen(child, hear)])
  const [end, committed, ...where] = stdout.trimEnd().split('\n').at(-1)?.split(' ') ?? []
  const died = end === 'died' && isKill(code, signal)
  if (!died && !(end === 'done' && code === 0)) {
    throw new Error(`the ${task.role} ended with ${signal ?? code}:\n${stdout}${stderr}`)
  }
  return { died, committed: Number(committed), where: where.join(' ') }
}

/** On Windows a process that ends itself by SIGKILL leaves the exit code 1. */
function isKill(code: number | null, signal: NodeJS.Signals | null): boolean {
  return capabilities.namespace === 'windows' ? code === 1 : signal === 'SIGKILL'
}

async function listen(child: Child, hear: Hear): Promise<void> {
  for (let count = 1; ; count++) {
    const line = await child.line(new RegExp(`^ask ${count} `)).catch(() => undefined)
    if (line === undefined) return // it has ended
    const [, , word = '', number] = line.split(' ')
    await hear(word, Number(number))
    child.write('\n')
  }
}
