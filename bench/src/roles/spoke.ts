/**
 * The spokes of a trial, as its hub sees them. A spoke prints `ready` once it is connected, begins when it reads `go` from its
 * standard input, prints its report as JSON, and ends when its standard input ends.
 */

import { type ChildProcess, type SerializationType, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { nodeCommand, type RoleReport, type Trial } from '../trial.js'

const ENDPOINT = new URL('./endpoint.trial.ts', import.meta.url)

export interface Spoke {
  /** Settles when the spoke is connected. */
  readonly ready: Promise<void>
  /** Lets the spoke begin. */
  go(): void
  /** Settles when the spoke has done its work. */
  readonly report: Promise<RoleReport>
  /** Lets the spoke close its connection and end. */
  release(): void
}

/** A spoke, and the process or the worker in which it runs. */
export type StartedSpoke = Spoke & { readonly process?: ChildProcess; readonly worker?: Worker }

/**
 * Starts a spoke as a process.
 *
 * @param serialization opens Node's own channel to the parent, with this serialization
 */
export function startProcess(
  trial: Trial,
  index: number,
  serialization?: SerializationType,
): Spoke & { readonly process: ChildProcess } {
  return startProgram(ENDPOINT, spokeArguments(trial, index), `spoke ${index}`, serialization)
}

/** Same as `startProcess`, for any program that behaves as a spoke. @param name for errors */
export function startProgram(
  file: URL,
  given: readonly string[],
  name: string,
  serialization?: SerializationType,
): Spoke & { readonly process: ChildProcess } {
  const [program = '', ...args] = nodeCommand(file.href, file.href, given)
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'inherit', ...(serialization === undefined ? [] : ['ipc' as const])],
    serialization: serialization ?? 'json',
  })
  if (child.stdin === null || child.stdout === null) throw new Error(`${name} has no standard streams`)
  const ended = once(child, 'close').then(([code, signal]) => `${name} ended: ${signal ?? `exit code ${code}`}`)
  return { process: child, ...spokeOf(child.stdin, child.stdout, ended) }
}

/** A worker of Node 20 cannot start with a TypeScript file. */
const WORKER_SOURCE = `
  const { program, tsx } = require('node:worker_threads').workerData
  import(tsx).then(({ register }) => register()).then(() => import(program))`

/** Starts a spoke as a worker of this process. */
export function startWorker(trial: Trial, index: number): Spoke & { readonly worker: Worker } {
  return startWorkerProgram(ENDPOINT, spokeArguments(trial, index), `spoke ${index}`)
}

/** Same as `startWorker`, for any program that behaves as a spoke. @param name for errors */
export function startWorkerProgram(
  file: URL,
  given: readonly string[],
  name: string,
): Spoke & { readonly worker: Worker } {
  const worker = new Worker(WORKER_SOURCE, {
    eval: true,
    workerData: { program: file.href, tsx: import.meta.resolve('tsx/esm/api') },
    argv: [...given],
    stdin: true,
    stdout: true,
  })
  if (worker.stdin === null) throw new Error(`${name} has no standard input`)
  const ended = once(worker, 'exit').then(([code]) => `${name} ended: exit code ${code}`)
  return { worker, ...spokeOf(worker.stdin, worker.stdout, ended) }
}

function spokeArguments(trial: Trial, index: number): string[] {
  return ['spoke', JSON.stringify(trial), String(index)]
}

function spokeOf(input: Writable, output: Readable, ended: Promise<string>): Spoke {
  const lines = createInterface({ input: output })
  const failure = ended.then((how) => {
    throw new Error(how)
  })
  const line = async () => (await once(lines, 'line'))[0] as string
  const ready = Promise.race([line(), failure]).then(() => {})
  const report = ready.then(() => Promise.race([line(), failure])).then((text) => JSON.parse(text) as RoleReport)
  return { ready, go: () => input.write('go\n'), report, release: () => input.end() }
}
