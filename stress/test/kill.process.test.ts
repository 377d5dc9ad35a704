import { capabilities } from '@memlane/core'
import { describe, expect, it } from 'vitest'
import { killAtRandom } from '../src/kill.js'

/** `npm run stress -- kill` runs for longer. Under Wine a process takes a second or two to start. */
const KILLS = capabilities.namespace === 'windows' ? 24 : 200

describe(`${KILLS} random kills`, () => {
  it('lose, duplicate and tear no message, hang no process and leave no file', { timeout: 300_000 }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fffffff))
    console.log(`MEMLANE_SEED=${seed}`)
    const report = await killAtRandom(KILLS, seed)
    console.log(JSON.stringify(report))
    expect(report).toMatchObject({ lost: 0, duplicated: 0, torn: 0, hung: 0, leftovers: 0 })
    expect(report.kills).toBeGreaterThanOrEqual(KILLS)
  })
})
