import { f64, struct, u32 } from '@memlane/protocol'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openRegion } from '../src/index.js'

const Pair = struct('Pair', { seq: u32, a: f64, b: f64 }, { consistency: { sequence: 'seq' } })
const start = (name: string) => spawnFixture(new URL('../fixtures/restless-writer.child.ts', import.meta.url), [name])

describe('a reader beside a writer that never pauses', () => {
  it('gets snapshots that are never torn', async () => {
    const name = uniqueName('memlane')
    const writer = start(name)
    await writer.line('ready')
    using region = await openRegion(name, Pair)
    let different = 0
    let last = 0
    for (let taken = 0; taken < 100_000; ) {
      const pair = region.snapshot()
      if (pair === undefined) continue
      taken++
      if (pair.a !== pair.b) throw new Error(`torn: ${JSON.stringify(pair)}`)
      if (pair.a < last) throw new Error(`went back from ${last} to ${pair.a}`)
      if (pair.a !== last) different++
      last = pair.a
    }
    expect(different).toBeGreaterThan(1)
    writer.kill('SIGKILL')
    await writer.exit
  })

  it('gets a whole snapshot or undefined after the writer was killed, and never hangs', async () => {
    for (let kills = 0; kills < 5; kills++) {
      const name = uniqueName('memlane')
      const writer = start(name)
      await writer.line('ready')
      using region = await openRegion(name, Pair)
      await new Promise((resolve) => setTimeout(resolve, 20))
      writer.kill('SIGKILL')
      await writer.exit
      const pair = region.snapshot()
      if (pair === undefined) expect(region.read().seq % 2).toBe(1)
      else expect(pair.a).toBe(pair.b)
    }
  })
})
