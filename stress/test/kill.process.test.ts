import { capabilities } from '@memlane/core'
import { describe, expect, it } from 'vitest'
import { killAtRandom, killCallAtRandom, killQueueAtRandom } from '../src/kill.js'

/** `npm run stress -- kill` runs for longer. Under Wine a process takes a second or two to start. */
const KILLS = capabilities.namespace === 'windows' ? 24 : 200
const QUEUE_KILLS = KILLS / 2
const CALL_KILLS = KILLS / 2

/** The fields of the report of `npm run stress -- kill --json FILE`: tools read it. */
const FIELDS = 'duplicated hung kills leftovers lost messages seconds seed stops torn'.split(' ')

describe.each(['stream', 'latest'] as const)(`${KILLS} random kills of participants of a %s`, (shape) => {
  it('lose, duplicate and tear no message, hang no process and leave no file', { timeout: 300_000 }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fffffff))
    console.log(`MEMLANE_SEED=${seed}`)
    const report = await killAtRandom(KILLS, seed, shape)
    console.log(JSON.stringify(report))
    expect(Object.keys(report).sort()).toEqual(FIELDS)
    expect(report).toMatchObject({ lost: 0, duplicated: 0, torn: 0, hung: 0, leftovers: 0 })
    expect(report.kills).toBeGreaterThanOrEqual(KILLS)
  })
})

describe(`${QUEUE_KILLS} random kills of the participants of queues`, () => {
  it('lose and tear no message, and repeat only what the dead had taken', { timeout: 300_000 }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fffffff))
    console.log(`MEMLANE_SEED=${seed}`)
    const report = await killQueueAtRandom(QUEUE_KILLS, seed)
    console.log(JSON.stringify(report))
    expect(Object.keys(report).sort()).toEqual(['deathToHandlerMs', ...FIELDS])
    expect(report).toMatchObject({ lost: 0, duplicated: 0, torn: 0, hung: 0, leftovers: 0 })
    expect(report.kills).toBeGreaterThanOrEqual(QUEUE_KILLS)
    // So few kills as on Windows may hit no consumer that holds a message.
    if (QUEUE_KILLS >= 100) expect(report.deathToHandlerMs.count).toBeGreaterThan(0)
  })
})

describe(`${CALL_KILLS} random kills of the clients and servers of calls`, () => {
  it('settle each call once, and tell the truth about whether a server had taken it', {
    timeout: 300_000,
  }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fffffff))
    console.log(`MEMLANE_SEED=${seed}`)
    const report = await killCallAtRandom(CALL_KILLS, seed)
    console.log(JSON.stringify(report))
    expect(Object.keys(report).sort()).toEqual([...FIELDS, 'deathToRejectionMs', 'ends', 'lies'].sort())
    expect(report).toMatchObject({ lost: 0, duplicated: 0, torn: 0, hung: 0, leftovers: 0, lies: 0 })
    expect(report.kills).toBeGreaterThanOrEqual(CALL_KILLS)
    expect(report.ends.answered).toBeGreaterThan(0)
    if (CALL_KILLS < 100) return // so few kills as on Windows may hit no server that has a call
    const { endedTaken, endedNotTaken, givenUp } = report.ends
    expect(Math.min(endedTaken, endedNotTaken, givenUp, report.deathToRejectionMs.count)).toBeGreaterThan(0)
  })
})
