import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openLatest } from '@memlane/consumer'
import { spawnChild, uniqueName } from '@memlane/testing'
import { Command } from 'commander'
import { isTorn, Value } from './torn/value.js'
import { wholeNumberFrom } from './whole-number.js'

const program = fileURLToPath(new URL('../dist/torn-writer.js', import.meta.url))
const BLOCK = 1_000_000

export interface TornReport {
  reads: number
  torn: number
  /** How many values the writer set meanwhile. */
  values: number
  /** Runs of the handler beyond one for each read: the writer had overtaken it. */
  repeated: number
  seconds: number
}

/** Reads 64-byte values again and again, while another process sets them at full rate, and counts the torn ones. */
export async function readTorn(reads: number): Promise<TornReport> {
  const name = uniqueName('memlane-torn')
  using _writer = spawnChild(process.execPath, [program, name], { timeoutMs: 2 ** 31 - 1 })
  using reader = await openLatest(name, Value)
  await reader.wait()
  const start = performance.now()
  const first = reader.version
  let runs = 0
  const look = (value: object) => {
    runs++
    return isTorn(value)
  }
  let torn = 0
  for (let left = reads; left > 0; left -= BLOCK) {
    for (let count = Math.min(left, BLOCK); count > 0; count--) if (reader.read(look)) torn++
    await new Promise((resolve) => setImmediate(resolve))
  }
  const seconds = Math.round((performance.now() - start) / 100) / 10
  return { reads, torn, values: reader.version - first, repeated: runs - reads, seconds }
}

export const torn = new Command('torn')
  .description(
    'Reads the newest value again and again while another process sets it at full rate, and counts torn values.',
  )
  .option('-r, --reads <count>', 'how many reads', wholeNumberFrom(1), 1_000_000_000)
  .option('-j, --json <file>', 'also write the report to a file')
  .action(async ({ reads, json }: { reads: number; json?: string }) => {
    const report = await readTorn(reads)
    console.log(JSON.stringify(report))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (report.torn > 0) process.exitCode = 1
  })
