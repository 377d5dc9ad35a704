import { capabilities } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { f64, payload, struct, u32 } from '@memlane/protocol'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openRegion } from '../src/index.js'

const Pair = struct('Pair', { seq: u32, a: f64, b: f64 }, { consistency: { sequence: 'seq' } })
/** Windows copies in every heap that admits no foreign memory. */
const COPYING = capabilities.namespace === 'windows' ? 'caged' : 'copying'
const start = (fixture: string, name: string, heap: string | undefined) =>
  spawnFixture(new URL(`../fixtures/${fixture}.child.ts`, import.meta.url), [name], {
    env: { MEMLANE_HEAP: heap },
    timeoutMs: 60_000,
  })

describe('a region in a heap that cannot show the memory', () => {
  for (const heap of [undefined, COPYING]) {
    it(`is read and written by copying, beside a writer that ${heap === undefined ? 'maps' : 'copies'}`, async () => {
      const name = uniqueName('memlane')
      const writer = start('region-writer', name, heap)
      await writer.line('created')
      using _stream =
        process.env.MEMLANE_HEAP === COPYING ? undefined : createStream(`${name}-existing`, payload.json())
      const reader = start('copied-region', name, COPYING)
      const { code, signal, stdout, stderr } = await reader.exit
      writer.kill('SIGKILL')
      await writer.exit
      expect([code, signal, stderr]).toEqual([0, null, ''])
      expect(JSON.parse(stdout)).toEqual({
        snapshots: { torn: 0, moves: true, shows: true, refreshes: true },
        writing: {
          first: { x: 1, y: 2 },
          shown: [1, 3, 3],
          assigned: 'TypeError',
          nested: 'TypeError',
          failed: 'Error',
          refused: 'TypeError',
          snapshot: { seq: 6, a: 7, b: 1 },
          closed: 'CLOSED',
        },
        raw: {
          mapped: false,
          read: [5, 5, 6],
          lengths: [100, 8],
          buffer: 'NOT_SUPPORTED',
          bytes: 'NOT_SUPPORTED',
          outside: ['RangeError', 'RangeError'],
          readOnly: 'TypeError',
          noBytes: 'TypeError',
          closed: 'CLOSED',
        },
        streams: {
          created: 'NOT_SUPPORTED',
          opened: process.env.MEMLANE_HEAP === COPYING ? 'TIMED_OUT' : 'NOT_SUPPORTED',
          left: 0,
        },
      })
    })
  }

  it('gives whole snapshots to a reader that maps it, also after its writer was killed', async () => {
    const name = uniqueName('memlane')
    const writer = start('region-writer', name, COPYING)
    await writer.line('created')
    using region = await openRegion(name, Pair)
    for (let taken = 0; taken < 20_000; ) {
      const pair = region.snapshot()
      if (pair === undefined) continue
      taken++
      if (pair.a !== pair.b) throw new Error(`torn: ${JSON.stringify(pair)}`)
    }
    writer.kill('SIGKILL')
    await writer.exit
    const next = start('region-writer', name, COPYING)
    await next.line('took over')
    while (region.snapshot() === undefined) await new Promise((resolve) => setImmediate(resolve))
    next.kill('SIGKILL')
    await next.exit
  })
})
