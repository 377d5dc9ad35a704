import { describe, expect, it } from 'vitest'
import { scribbleOver } from '../src/scribble/scribble.js'
import { SCRIBBLED } from '../src/scribble/task.js'

/** `npm run stress -- fuzz --scribble SECONDS` runs for longer. */
const SECONDS = 3

describe.each(SCRIBBLED)('a peer that writes random bytes all over a %s', (shape) => {
  it('ends and hangs no process that sends or receives meanwhile', { timeout: 120_000 }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fff_ffff))
    console.log(`MEMLANE_SEED=${seed}`)
    const report = await scribbleOver(SECONDS, seed, shape)
    console.log(JSON.stringify(report))
    expect(report.failures).toEqual([])
    expect(Math.min(report.sent, report.received, report.scribbles)).toBeGreaterThan(0)
  })
})
