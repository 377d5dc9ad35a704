import { spawn } from 'node:child_process'
import type { Peer } from './peer.js'
import { type RoleReport, runTrial, type Trial, type TrialReport } from './trial.js'

/** Runs a trial with what disturbs it from outside: burners, other pairs, a shared CPU. */
export async function runContended(peer: Peer, trial: Trial, timeoutSeconds: number): Promise<TrialReport> {
  const command = trial.oneProcessor ? ['taskset', '-c', '0', ...peer.command(trial)] : peer.command(trial)
  const burners = Array.from({ length: trial.burners ?? 0 }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  )
  try {
    const pairs = Array.from({ length: trial.pairs ?? 1 }, () => runTrial<TrialReport>(command, { timeoutSeconds }))
    return together(await Promise.all(pairs))
  } finally {
    for (const burner of burners) burner.kill('SIGKILL')
  }
}

/** Adds up the work of several pairs, and averages their round trips. */
function together(reports: readonly TrialReport[]): TrialReport {
  const [first] = reports
  if (first === undefined || reports.length === 1) return first as TrialReport
  const hubs = reports.map(({ hub }) => hub)
  const sum = (key: 'messages' | 'processorNs') => hubs.reduce((total, hub) => total + hub[key], 0)
  const hub: RoleReport = { messages: sum('messages'), seconds: first.hub.seconds, processorNs: sum('processorNs') }
  const trips = hubs.flatMap(({ roundTrip }) => roundTrip ?? [])
  const mean = (key: 'block' | 'mean' | 'p50' | 'p99' | 'p999') =>
    trips.reduce((total, trip) => total + trip[key], 0) / trips.length
  return {
    hub: {
      ...hub,
      roundTrip: { block: mean('block'), mean: mean('mean'), p50: mean('p50'), p99: mean('p99'), p999: mean('p999') },
    },
    spokes: reports.flatMap(({ spokes }) => spokes),
  }
}
