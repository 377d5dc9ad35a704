import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Peer } from './peer.js'
import { type RoleReport, runTrial, type Trial, type TrialReport } from './trial.js'

/** Runs a trial, beside burners and other pairs of processes, or on one CPU, if it asks for that. */
export async function runWithContention(peer: Peer, trial: Trial, timeoutSeconds: number): Promise<TrialReport> {
  const command = trial.oneProcessor ? onOneProcessor(peer.command(trial)) : peer.command(trial)
  const failed = new AbortController()
  const run = async () => {
    const pairs = Array.from({ length: trial.pairs ?? 1 }, () =>
      runTrial<TrialReport>(command, { timeoutSeconds, signal: failed.signal }),
    )
    const report = together(await Promise.all(pairs))
    if (trial.http && report.spokes.some(({ httpRequests }) => !httpRequests)) throw new Error('no HTTP request came')
    return report
  }
  return besideBurners(trial.burners ?? 0, timeoutSeconds, run).finally(() => failed.abort()) // the other pairs, if one has failed
}

/** Runs something beside processes that each use as much CPU time as they get. They end by themselves if this process is killed. */
export async function besideBurners<T>(count: number, timeoutSeconds: number, run: () => Promise<T>): Promise<T> {
  const burn = `for (const end = Date.now() + ${timeoutSeconds * 1000}; Date.now() < end; );`
  const burners = Array.from({ length: count }, () => spawn(process.execPath, ['-e', burn], { stdio: 'ignore' }))
  try {
    return await run()
  } finally {
    for (const burner of burners) burner.kill('SIGKILL')
  }
}

/** The first CPU that this process may use. */
function onOneProcessor(command: readonly string[]): readonly string[] {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ['taskset', '-c', allowed, ...command]
}

/** Adds up the work of several pairs. Mean and median are averages over the pairs; the tail is that of the worst pair. */
function together(reports: readonly TrialReport[]): TrialReport {
  const [first] = reports
  if (first === undefined || reports.length === 1) return first as TrialReport
  const hubs = reports.map(({ hub }) => hub)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const trips = hubs.flatMap(({ roundTrip }) => roundTrip ?? [])
  const mean = (key: 'block' | 'mean' | 'p50') => sum(trips.map((trip) => trip[key])) / trips.length
  const worst = (key: 'p99' | 'p999') => Math.max(...trips.map((trip) => trip[key]))
  const hub: RoleReport = {
    messages: sum(hubs.map(({ messages }) => messages)),
    seconds: Math.max(...hubs.map(({ seconds }) => seconds)),
    processorNs: sum(hubs.map(({ processorNs }) => processorNs)),
    roundTrip: { block: mean('block'), mean: mean('mean'), p50: mean('p50'), p99: worst('p99'), p999: worst('p999') },
  }
  return { hub, spokes: reports.flatMap(({ spokes }) => spokes) }
}
