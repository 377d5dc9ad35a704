import { hasNats } from '@memlane/testing/nats-server'
import { machinesMissing } from '@memlane/testing/network'
import { describe, expect, it } from 'vitest'
import { carryUnderFaults, isFlawless } from '../src/bridge.js'

/** `npm run stress -- bridge` runs for longer. */
const TASK = {
  messages: 15_000,
  authors: 3,
  rate: 10_000,
  kills: 6,
  cuts: 3,
  stops: 1,
  isCluster: false,
  verbose: false,
}

const missing = hasNats ? machinesMissing() : 'run it by npm run test:nats'
const leftOut = missing === undefined ? '' : ` (left out: ${missing})`

describe.skipIf(missing !== undefined)(`messages to another machine and back${leftOut}`, () => {
  it('arrive once and in order, whatever is killed or cut', { timeout: 180_000 }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? 20)
    console.log(`MEMLANE_SEED=${seed}`)
    const { log, ...report } = await carryUnderFaults({ ...TASK, seed })
    if (!isFlawless({ ...report, log })) console.log(JSON.stringify(log, undefined, 2))
    for (const { received, lost, duplicated, disordered, torn } of [report.there, report.back]) {
      const wrong = { lost, duplicated, disordered, torn }
      expect({ received, ...wrong }).toEqual({
        received: TASK.messages,
        lost: 0,
        duplicated: 0,
        disordered: 0,
        torn: 0,
      })
    }
    expect(report.hung).toBe(false)
    expect(Object.values(report.faults).reduce((sum, count) => sum + count, 0)).toBe(10)
  })
})
