// Plays one scene to its end, in a network of its own: bridge.ts starts it, with a RunTask as JSON in its only argument. Prints a
// BridgeReport.
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { steadyNow } from '@memlane/core/internal'
import type { Machine } from '@memlane/testing/network'
import { oneOf, randomFrom } from '@memlane/testing/random'
import { audit } from './audit.js'
import { CUTS, type FaultName, Faults, KILLS, STOPS } from './faults.js'
import type { ReceiptsReport } from './receipts.js'
import type { BridgeReport, RunTask } from './report.js'
import { startScene } from './scene.js'
import type { Station } from './station.js'

/** Without any progress for so long, and without a fault, the messages that are missing are lost. */
const HUNG_MS = 45_000
/** The faults end before the messages do. */
const SHARE_WITH_FAULTS = 0.95
/** How often a fault follows the one before at once, while the victims of that one still come back. */
const FOLLOWS = 0.3
/** After the last message, this shows whether any comes again. */
const QUIET_MS = 2000

const task: RunTask = JSON.parse(process.argv[2] as string)
const random = randomFrom(task.seed)
const start = steadyNow()
const perAuthor = Math.ceil(task.messages / task.authors)

await using scene = await startScene({ ...task, perAuthor, random })
const log: string[] = []
const faults = new Faults(scene, random, (text) => {
  log.push(`${Math.round(steadyNow())} ${text}, ${received(scene.back)} messages back`)
  if (task.verbose) console.error(log.at(-1))
})
const hung = await play()
const stuck = hung ? await scene.servers[0]?.monitor('jsz?consumers=true').catch(String) : undefined
await faults.finish()
await setTimeout(QUIET_MS)
console.log(JSON.stringify(await report()))

function received(station: Station): number {
  return Number(/"received":(\d+)/.exec(station.lastLine ?? '')?.[1] ?? 0)
}

/** Spreads the faults over the way of the messages. @returns true if it came to a standstill */
async function play(): Promise<boolean> {
  const left = plan()
  const total = perAuthor * task.authors
  const step = (total * SHARE_WITH_FAULTS) / (left.length + 1)
  let next = step
  let [count, since] = [0, steadyNow()]
  while (count < total) {
    await setTimeout(20)
    const now = received(scene.back)
    if (now > count) [count, since] = [now, steadyNow()]
    else if (steadyNow() - since > HUNG_MS) return true
    if (left.length === 0 || count < next) continue
    const fault = left[left.length - 1] as FaultName
    if (faults.begin(fault)) left.pop()
    else left.unshift(left.pop() as FaultName)
    next = random() < FOLLOWS ? count : total * SHARE_WITH_FAULTS - step * left.length
  }
  return false
}

/** The faults in the order in which they come, the first one last. */
function plan(): FaultName[] {
  const kills = KILLS.filter((kill) => task.isCluster || kill !== 'leader killed')
  const turns = [
    ...Array.from({ length: task.kills }, (_, index) => kills[index % kills.length] as FaultName),
    ...Array.from({ length: task.cuts }, (_, index) => CUTS[index % CUTS.length] as FaultName),
    ...Array.from({ length: task.stops }, (_, index) => STOPS[index % STOPS.length] as FaultName),
  ]
  for (let last = turns.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[turns[last], turns[other]] = [turns[other] as FaultName, turns[last] as FaultName]
  }
  return turns
}

async function report(): Promise<BridgeReport> {
  const { sides, servers, there, back, producers } = scene
  const [thereReport, backReport] = await Promise.all([there, back].map(receiptsOf))
  const seconds = Math.round(steadyNow() - start) / 1000
  const lanes = hung ? sides.map(({ machine }) => lanesOf(machine)) : undefined
  for (const { bridge } of sides) await bridge.end('SIGTERM')
  const { url } = oneOf(random, servers)
  for (const producer of producers) await producer.end()
  return {
    ...{
      seed: task.seed,
      seconds,
      messages: perAuthor * task.authors,
      isCluster: task.isCluster,
      hung,
      stuck: { lanes, jetstream: stuck },
      faults: faults.counts,
    },
    ...{ there: thereReport as ReceiptsReport, back: backReport as ReceiptsReport },
    stored: { there: await audit(url, 'THERE'), back: await audit(url, 'BACK') },
    bridges: { a: sides[0].figures, b: sides[1].figures },
    log: { faults: log, a: sides[0].figures.log, b: sides[1].figures.log },
  }
}

/** What `memlane info` shows of the streams that a machine receives. */
function lanesOf(machine: Machine): string[] {
  const cli = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url))
  return ['arrived', 'back', 'out', 'reply'].map((name) => {
    try {
      return machine.run(process.execPath, cli, 'info', name, '--json')
    } catch {
      return ''
    }
  })
}

async function receiptsOf(station: Station): Promise<ReceiptsReport> {
  station.ask('report\n')
  return JSON.parse(await station.told(/"report":(\{.*\})\}$/))
}
