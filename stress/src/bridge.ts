import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { spawnChild } from '@memlane/testing'
import { natsProgram } from '@memlane/testing/nats-program'
import { inOwnNetwork, machinesMissing } from '@memlane/testing/network'
import { Command } from 'commander'
import type { BridgeReport, RunTask } from './bridge/report.js'
import { wholeNumberFrom } from './whole-number.js'

const program = fileURLToPath(new URL('../dist/bridge-run.js', import.meta.url))
/** Longer than every limit of the program itself. */
const HUNG_MS = 7_200_000

/** Carries messages from one machine to another one and back, while bridges and servers are killed and the network is cut. */
export async function carryUnderFaults(task: RunTask): Promise<BridgeReport> {
  const env = { MEMLANE_NATS: natsProgram() }
  const [command = '', ...args] = inOwnNetwork([process.execPath, program, JSON.stringify(task)])
  using child = spawnChild(command, args, { timeoutMs: HUNG_MS, group: true, env })
  const { code, signal, stdout, stderr } = await child.exit
  if (stderr !== '') console.error(stderr)
  if (code !== 0) throw new Error(`the run ended with ${signal ?? code}`)
  return JSON.parse(stdout)
}

/** Tells whether a report shows that each message came once, in order and whole. */
export function isFlawless({ hung, there, back }: BridgeReport): boolean {
  return (
    !hung &&
    [there, back].every(({ lost, duplicated, disordered, torn }) => lost + duplicated + disordered + torn === 0)
  )
}

interface Options extends Omit<RunTask, 'isCluster' | 'seed'> {
  cluster: boolean
  seed?: number
  json?: string
}

export const bridge = new Command('bridge')
  .description(
    'Carries numbered messages over NATS from one machine to another one and back, and accounts for each. Meanwhile, it kills the bridges ' +
      'and the server (or the members of a cluster, the leader, too), stops processes, and cuts the network. The machines are namespaces of ' +
      'Linux. Needs root, ip, and nats-server.',
  )
  .option('-m, --messages <count>', 'messages on their way there and back', wholeNumberFrom(1), 100_000)
  .option('-a, --authors <count>', 'producers', wholeNumberFrom(1), 3)
  .option('-r, --rate <count>', 'messages a second of all producers', wholeNumberFrom(1), 10_000)
  .option('-k, --kills <count>', 'kills of bridges and servers', wholeNumberFrom(0), 10)
  .option('-c, --cuts <count>', 'resets, silences and delays of the network', wholeNumberFrom(0), 5)
  .option('--stops <count>', 'stops (SIGSTOP) of any process', wholeNumberFrom(0), 5)
  .option('--cluster', 'a cluster of three servers in place of one', false)
  .option('-s, --seed <number>', 'repeats the order of an earlier run', wholeNumberFrom(0))
  .option('-v, --verbose', 'tell each fault', false)
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async ({ cluster, seed = Math.floor(Math.random() * 0x7fff_ffff), json, ...options }: Options) => {
    const missing = machinesMissing()
    if (missing !== undefined) bridge.error(`error: ${missing}`)
    const report = await carryUnderFaults({ ...options, isCluster: cluster, seed })
    const { there, back, log: _, stuck: __, ...rest } = report
    console.log(JSON.stringify(rest, undefined, 2))
    console.table({ 'on machine B': shown(there), 'back on machine A': shown(back) })
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (!isFlawless(report)) process.exitCode = 1
  })

function shown({ gaps: _, wrong: __, latencyMs, ...counts }: BridgeReport['there']) {
  const { p50, p99, max } = latencyMs
  return { ...counts, 'p50 ms': p50, 'p99 ms': p99, 'max ms': max }
}
