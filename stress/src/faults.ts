import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { spawnChild } from '@memlane/testing'
import { Command } from 'commander'
import { wholeNumberFrom } from './whole-number.js'

const script = fileURLToPath(new URL('../../scripts/native-checks.mjs', import.meta.url))
/** Longer than every limit of the program itself. */
const HUNG_MS = 1_800_000

export interface FaultReport {
  scene: string
  /** System calls of the scene without a fault. */
  calls: number
  /** Tried failures of a call: each with one error, once or for all later calls. */
  faults: number
  /** Tried kills after a call. */
  kills: number
  passed: number
  failures: string[]
}

/**
 * Lets each system call of each scene of the native code fail with each plausible error, and kills the process after it.
 *
 * @param stride of this many consecutive faults and kills, one is tried
 */
export async function failEverywhere(stride: number, scenes: readonly string[] = []): Promise<FaultReport[]> {
  const args = [script, 'faults', `${stride}`, ...scenes]
  using child = spawnChild(process.execPath, args, { timeoutMs: HUNG_MS, group: true })
  const { code, signal, stdout, stderr } = await child.exit
  if (code !== 0) throw new Error(`the scenes ended with ${signal ?? code}:\n${stderr}`)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

export const faults = new Command('faults')
  .description(
    'Lets each system call of the native code fail with each plausible error, kills the process after it, and checks that ' +
      'the operation reports the error, that no descriptor or file is left, and that survivors and newcomers continue (Linux).',
  )
  .argument('[scenes...]', 'only these')
  .option('-s, --stride <count>', 'try one of COUNT faults and kills', wholeNumberFrom(1), 1)
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async (scenes: string[], { stride, json }: { stride: number; json?: string }) => {
    const reports = await failEverywhere(stride, scenes)
    if (reports.length === 0)
      faults.error(`error: no scene ${scenes.join(', ')}. Without a scene, all are played, and their names are printed`)
    console.table(Object.fromEntries(reports.map(({ scene, failures: _, ...counts }) => [scene, counts])))
    for (const { scene, failures } of reports) for (const failure of failures) console.log(`${scene}, ${failure}`)
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(reports, undefined, 2)}\n`)
    if (reports.some(({ failures }) => failures.length > 0)) process.exitCode = 1
  })
