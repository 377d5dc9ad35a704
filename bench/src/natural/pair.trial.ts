/** Runs the two programs of a variant, each in a process of its own, and prints their reports: `node --import tsx pair.trial.ts TRIAL`. */

import { pairs } from '../peers/natural.js'
import { nodeCommand, type RoleReport, runTrial, type Trial, type TrialReport } from '../trial.js'

const [, , json = ''] = process.argv
const { variant } = JSON.parse(json) as Trial
const pair = pairs[variant]
if (pair === undefined) throw new Error(`there are no programs for ${variant}`)

const failed = new AbortController()
const reports = pair.map((program) =>
  runTrial<RoleReport>(nodeCommand(`./${program}`, import.meta.url, [json, String(process.pid)]), {
    signal: failed.signal,
  }),
)
try {
  const [hub, spoke] = (await Promise.all(reports)) as [RoleReport, RoleReport]
  const report: TrialReport = { hub, spokes: [spoke] }
  console.log(JSON.stringify(report))
} catch (error) {
  failed.abort() // the other program would wait forever
  throw error
}
