import { describe, expect, it } from 'vitest'
import { scribbleOver } from '../src/scribble/scribble.js'

describe('a peer that writes random bytes all over a stream', () => {
  it('ends and hangs no process that sends or receives meanwhile', { timeout: 120_000 }, async () => {
    const seed = Number(process.env.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fff_ffff))
    console.log(`MEMLANE_SEED=${seed}`)
    const report = await scribbleOver(3, seed)
    console.log(JSON.stringify(report))
    expect(report.failures).toEqual([])
    expect(Math.min(report.sent, report.received, report.scribbles)).toBeGreaterThan(0)
  })
})
