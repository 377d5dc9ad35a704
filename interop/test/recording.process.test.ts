import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStream } from '@memlane/producer'
import { f64, i64, struct, utf8 } from '@memlane/protocol'
import { record } from '@memlane/record'
import { uniqueName } from '@memlane/testing'
import { hasPython } from '@memlane/testing/python'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { file } from '../src/programs.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, id: i64 })
const quote = (n: number) => ({ symbol: `S${n % 5}`, bid: n / 4, id: 2n ** 60n + BigInt(n) })
/** Several chunks. */
const COUNT = 15_000

const hasZstd = spawnSync('zstd', ['--version'], { stdio: 'ignore' }).status === 0
const compressions = hasZstd ? (['none', 'zstd'] as const) : (['none'] as const)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memlane-mcap-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(path: string) {
  const reader = file('peers/python/read_mcap.py')
  return spawnSync('python3', [reader, path], { encoding: 'utf8', maxBuffer: 2 ** 28, timeout: 60_000 })
}

describe.skipIf(!hasPython)('a reader that knows only the specification of MCAP', () => {
  test.each(compressions)(
    'finds every message of a recording, and all checksums and indexes right (%s)',
    async (compression) => {
      const name = uniqueName('recorded')
      const path = join(folder, `${compression}.mcap`)
      using writer = createStream(name, Quote, { capacity: 2 ** 21 })
      const recording = await record(name, path, { compression })
      for (let n = 0; n < COUNT; n++) writer.trySend(quote(n))
      expect(await recording.stop()).toMatchObject({ messages: COUNT, missed: 0 })

      const { status, stderr, stdout } = read(path)
      expect([status, stderr]).toEqual([0, ''])
      const found = JSON.parse(stdout)
      const [channel] = Object.values(found.channels) as {
        topic: string
        encoding: string
        metadata: Record<string, string>
      }[]
      expect(channel).toMatchObject({ topic: name, encoding: 'json', metadata: { 'memlane.shape': 'stream' } })
      expect(found.schemas['1']).toMatchObject({ name: 'Quote', encoding: 'jsonschema' })
      expect(found.chunks).toBeGreaterThan(1)
      expect(found.messages).toHaveLength(COUNT)
      const values = found.messages.map(([, , , , data]: string[]) =>
        JSON.parse(Buffer.from(data ?? '', 'base64').toString()),
      )
      const sent = Array.from({ length: COUNT }, (_, n) => ({ ...quote(n), id: String(quote(n).id) }))
      expect(values).toEqual(sent)
      expect(found.messages.map(([, sequence]: number[]) => sequence)).toEqual(sent.map((_, n) => n))

      // One wrong byte in a chunk, in the summary or in the data in between is noticed.
      const bytes = readFileSync(path)
      for (const place of [bytes.length >> 1, bytes.length - 60]) {
        const damaged = Uint8Array.from(bytes)
        damaged[place] = (damaged[place] ?? 0) ^ 1
        writeFileSync(join(folder, 'damaged.mcap'), damaged)
        expect(read(join(folder, 'damaged.mcap')).status).not.toBe(0)
      }
    },
  )
})
