import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { spawnChild } from '@memlane/testing'
import { Command, Option } from 'commander'
import type { RoleReport } from './crash/run-role.js'
import { type Role, scenarios } from './crash/scenarios.js'
import { wholeNumberFrom } from './whole-number.js'

const checker = fileURLToPath(new URL('../dist/run-role.js', import.meta.url))
/** Longer than every limit of a checker itself. It ends a checker that loops forever. */
const HUNG_MS = 600_000

const roles = Object.keys(scenarios) as Role[]

export const SHAPES = ['stream', 'latest', 'queue', 'call', 'region'] as const
type Shape = (typeof SHAPES)[number]

/** The roles of one shape. */
export const rolesOf = (shape: Shape): Role[] => roles.filter((role) => shapeOf(role) === shape)

/** The roles of a latest, a queue, calls and a region have its name in front. */
function shapeOf(role: Role): Shape {
  return (/^(latest|queue|call|region)-/.exec(role)?.[1] as Shape | undefined) ?? 'stream'
}

/**
 * Lets victims die before and after each ordered store of each role.
 *
 * @param stride of this many consecutive deaths, one is tried; the first is chosen at random
 */
export async function crashEverywhere(wanted: readonly Role[], stride = 1): Promise<RoleReport[]> {
  const reports = new Map<Role, RoleReport>()
  const left = [...wanted]
  const work = async () => {
    for (let role = left.shift(); role !== undefined; role = left.shift())
      reports.set(role, await crashRole(role, stride))
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return wanted.map((role) => reports.get(role) as RoleReport)
}

async function crashRole(role: Role, stride: number): Promise<RoleReport> {
  using child = spawnChild(process.execPath, [checker, role, `${stride}`], { timeoutMs: HUNG_MS })
  const { code, signal, stdout, stderr } = await child.exit
  if (code !== 0) throw new Error(`the role ${role}, without any crash, ended with ${signal ?? code}:\n${stderr}`)
  return JSON.parse(stdout)
}

export const crash = new Command('crash')
  .description(
    'Kills each participant of streams, latests, queues, calls and regions before and after each of its ordered stores, and checks what survivors ' +
      'and newcomers find: each published message once, in order and whole; free slots; no files that are left. Each call is settled.',
  )
  .addOption(new Option('-r, --role <role>', 'only this role').choices(roles))
  .addOption(new Option('--shape <shape>', 'only the roles of this shape').choices(SHAPES).conflicts('role'))
  .option('-s, --stride <count>', 'try one of COUNT deaths, from a random one on', wholeNumberFrom(1), 1)
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async ({ role, shape, stride, json }: { role?: Role; shape?: Shape; stride: number; json?: string }) => {
    const ofShape = shape === undefined ? roles : rolesOf(shape)
    const reports = await crashEverywhere(role === undefined ? ofShape : [role], stride)
    console.table(
      Object.fromEntries(reports.map(({ role, points, deaths, passed }) => [role, { points, deaths, passed }])),
    )
    for (const { role, failures } of reports) for (const failure of failures) console.log(`${role}, ${failure}`)
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(reports, undefined, 2)}\n`)
    if (reports.some(({ deaths, passed }) => passed !== deaths)) process.exitCode = 1
  })
