import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import type { RoleReport } from '../trial.js'

/** Measures elapsed time and CPU time since its construction. */
export class Stopwatch {
  private readonly start = performance.now()
  private readonly processorStart = processorNs()

  stop(messages: number): RoleReport {
    return {
      messages,
      seconds: (performance.now() - this.start) / 1000,
      processorNs: processorNs() - this.processorStart,
    }
  }
}

function processorNs(): number {
  if (!isMainThread) return 0
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}
