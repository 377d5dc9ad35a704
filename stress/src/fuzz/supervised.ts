import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SharedMemory } from '@memlane/core'
import { type Child, spawnChild, uniqueName } from '@memlane/testing'
import type { FuzzedShape } from './cases.js'
import { CASE, MESSAGES, PROGRESS_LENGTH, REFUSED, type Task } from './task.js'

const program = fileURLToPath(new URL('../../dist/run-cases.js', import.meta.url))
const LOOK_MS = 100
/** A case takes less than a millisecond. */
const STANDSTILL_MS = 20_000
const MOST_FAILURES = 10

export interface FuzzReport {
  cases: number
  seed: number
  /** Cases that ended with a LayoutError. */
  refused: number
  /** Messages, and other values, that were read. */
  messages: number
  /** Failures: other errors, and cases that hung or ended their process. */
  failures: string[]
  seconds: number
}

/** Plays cases in a child process, and kills the process if it hangs. After a case that ended the process, starts a new one. */
export async function runSupervised(cases: number, seed: number, first = 0, shape?: FuzzedShape): Promise<FuzzReport> {
  const start = performance.now()
  const progress = uniqueName('memlane-fuzz')
  using memory = SharedMemory.create(progress, PROGRESS_LENGTH)
  const words = new Float64Array(memory.buffer)
  const failures: string[] = []
  const end = first + cases
  for (let next = first; next < end && failures.length < MOST_FAILURES; ) {
    words[CASE] = next
    const task: Task = { progress, seed, first: next, end, shape }
    using child = spawnChild(process.execPath, [program, JSON.stringify(task)], { timeoutMs: 2 ** 31 - 1 })
    const stoodStill = await watch(child, words)
    const { code, signal, stdout, stderr } = await child.exit
    for (const line of stdout.split('\n')) if (line !== '') failures.push(JSON.parse(line))
    const index = words[CASE]
    if (index === end && code === 0) break
    failures.push(`case ${index} ${stoodStill ? 'hangs' : `ended its process (${signal ?? code})`}\n${stderr}`)
    next = index + 1
  }
  const seconds = Math.round((performance.now() - start) / 100) / 10
  return { cases, seed, refused: words[REFUSED] as number, messages: words[MESSAGES] as number, failures, seconds }
}

/** Waits for the end of a child, and kills it if it hangs at one case. Returns true if it killed the child. */
async function watch(child: Child, words: Float64Array): Promise<boolean> {
  let isOver = false
  void child.exit.finally(() => {
    isOver = true
  })
  let since = performance.now()
  for (let seen = -1; !isOver; await setTimeout(LOOK_MS)) {
    if (words[CASE] !== seen) {
      seen = words[CASE] as number
      since = performance.now()
    } else if (performance.now() - since > STANDSTILL_MS) {
      child.kill('SIGKILL')
      return true
    }
  }
  return false
}
