import { fileURLToPath } from 'node:url'
import { createStream } from '@memlane/producer'
import { spawnChild, uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { CAPACITY, PRODUCERS, Schema, type ScribbleResult, type Task } from './task.js'

const programOf = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
const HUNG_MS = 30_000

export interface ScribbleReport {
  seed: number
  seconds: number
  sent: number
  received: number
  scribbles: number
  /** Errors of producers and consumers, by code. */
  errors: Record<string, number>
  /** Processes that did not end in order, with their output. */
  failures: string[]
}

/** Lets a peer write random bytes over the memory of a producer and a consumer, half of the time for each overflow. */
export async function scribbleOver(seconds: number, seed: number): Promise<ScribbleReport> {
  const random = randomFrom(seed)
  const report: ScribbleReport = { seed, seconds, sent: 0, received: 0, scribbles: 0, errors: {}, failures: [] }
  for (const overflow of ['wait', 'overwrite'] as const) {
    const stream = uniqueName('memlane-scribble')
    using _creator = createStream(stream, Schema, {
      capacity: CAPACITY,
      maxProducers: PRODUCERS,
      maxConsumers: 2,
      overflow,
    })
    const start = async (program: string, ...args: string[]): Promise<number> => {
      const task: Task = { stream, seed: Math.floor(random() * 2 ** 31), milliseconds: (seconds * 1000) / 2 }
      const what = [program, ...args, overflow].join(' ')
      try {
        const all = [programOf(program), ...args, JSON.stringify(task)]
        using child = spawnChild(process.execPath, all, { timeoutMs: task.milliseconds + HUNG_MS })
        const { code, signal, stdout, stderr } = await child.exit
        if (code !== 0) throw new Error(`ended (${signal ?? code}): ${stderr}`)
        const { done, errors }: ScribbleResult = JSON.parse(stdout)
        for (const [name, count] of Object.entries(errors)) report.errors[name] = (report.errors[name] ?? 0) + count
        return done
      } catch (error) {
        report.failures.push(`${what}: ${(error as Error).message}`)
        return 0
      }
    }
    const [sent, received, scribbles] = await Promise.all([
      start('scribble-participant', 'producer'),
      start('scribble-participant', 'consumer'),
      start('scribbler'),
    ])
    report.sent += sent
    report.received += received
    report.scribbles += scribbles
  }
  return report
}
