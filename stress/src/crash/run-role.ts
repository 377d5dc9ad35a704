// Plays one role again and again. In each play the victim dies at another crash point. crash.ts starts it with the name of the
// role and a stride: of this many consecutive points, one is tried; the first is chosen at random. Prints its report as JSON.
import { uniqueName } from '@memlane/testing'
import type { CrashPoint } from './crash-point.js'
import { type Outcome, ScenarioRun } from './scenario-run.js'
import { type Role, scenarios } from './scenarios.js'

export interface RoleReport {
  role: string
  /** Ordered stores of the role. */
  points: number
  /** The deaths that were tried: two for each store, or one of `stride` of those. */
  deaths: number
  passed: number
  failures: string[]
}

/** With other processes, a store may be missing in some plays, for example if room was not released yet. */
const ATTEMPTS = 5
const COUNTED_RUNS = 5

const [role, stride] = [process.argv[2] as Role, Number(process.argv[3])]
const names = uniqueName(`memlane-crash-${role}`)
let count = 0

async function runOnce(point: CrashPoint): Promise<Outcome> {
  const run = new ScenarioRun(`${names}-${++count}`, point)
  let outcome: Outcome
  try {
    outcome = await scenarios[role](run)
  } finally {
    run.close()
  }
  run.checkNothingLeft()
  return outcome
}

async function runUntilReached(point: CrashPoint): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) if ((await runOnce(point)).died) return
  throw new Error('the victim never came to this point')
}

/** The smallest number of several plays. A play that waits more often makes more stores, which other plays do not reach. */
async function countPoints(): Promise<number> {
  const counts: number[] = []
  for (let i = 0; i < COUNTED_RUNS; i++) counts.push(Number((await runOnce({ store: 0, side: 'before' })).where))
  return Math.min(...counts)
}

const points = await countPoints()
const deaths: CrashPoint[] = []
for (let store = 1; store <= points; store++) deaths.push({ store, side: 'before' }, { store, side: 'after' })
const start = Math.floor(Math.random() * Math.min(stride, deaths.length))
const tried = deaths.filter((_, index) => index % stride === start)
const failures: string[] = []
for (const point of tried) {
  try {
    await runUntilReached(point)
  } catch (error) {
    failures.push(`${point.side} store ${point.store}: ${error instanceof Error ? error.message : error}`)
  }
}
const passed = tried.length - failures.length
const report: RoleReport = { role, points, deaths: tried.length, passed, failures }
console.log(JSON.stringify(report))
