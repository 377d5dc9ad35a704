import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, bytes, enumeration, f64, i64, payload, struct, u8, u32, u64, union, utf8 } from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convert, replay } from '../src/index.js'
import { writeRecording } from './write-recording.js'

let folder = ''
let one = ''
let several = ''

const Order = struct('Order', {
  id: u64,
  offset: i64,
  price: f64,
  side: enumeration(u8, { buy: 1, sell: 2 }),
  symbol: utf8(8),
  digest: bytes(2),
  legs: array(struct('Leg', { size: u32 }), 2),
  curve: array(f64, 20),
})
const order = {
  id: 2n ** 64n - 1n,
  offset: -(2n ** 63n),
  price: Number.NaN,
  side: 'buy',
  symbol: 'A,"B"',
  digest: new Uint8Array([1, 255]),
  legs: [{ size: 7 }, { size: 4294967295 }],
  curve: Array.from({ length: 20 }, (_, index) => index / 2),
}
const Event = union({ order: struct('Small', { n: u32 }), note: payload.utf8 })
const START = 1_700_000_000_000_000_000n

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'memlane-convert-'))
  one = join(folder, 'one.mcap')
  several = join(folder, 'several.mcap')
  const note = { name: 'orders', shape: 'stream', schema: codecOf(Order).descriptor } as const
  await writeRecording(one, note, [{ timeMs: 0, value: order }, { timeMs: 1, value: { ...order, price: -0 } }]) // biome-ignore format: two
  await writeRecording(
    several,
    { name: 'events', shape: 'queue', schema: Event.descriptor, producer: 2 },
    [{ timeMs: 0, value: { kind: 'order', value: { n: 5 } } }, { timeMs: 1, value: { kind: 'note', value: 'two\nlines' } }], // biome-ignore format: two
    [{ name: '/raw', shape: 'stream', schema: payload.json().descriptor }, [{ timeMs: 2, value: { a: [1] } }]],
  )
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('convert', () => {
  it('makes NDJSON with all messages', async () => {
    const { messages, files, skipped } = await convert(several, { to: 'ndjson' })
    expect([messages, files, skipped]).toEqual([3, [join(folder, 'several.ndjson')], []])
    const lines = readFileSync(join(folder, 'several.ndjson'), 'utf8').trimEnd().split('\n')
    const times = (ms: bigint) => ({ logTime: `${START + ms * 1_000_000n}`, publishTime: `${START + ms * 1_000_000n}` })
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { name: 'events', producer: 2, sequence: 0, ...times(0n), value: { kind: 'order', value: { n: 5 } } },
      { name: 'events', producer: 2, sequence: 1, ...times(1n), value: { kind: 'note', value: 'two\nlines' } },
      { name: '/raw', producer: 0, sequence: 0, ...times(2n), value: { a: [1] } },
    ])
    await expect(convert(several, { to: 'ndjson' })).rejects.toMatchObject({ code: 'FILE_EXISTS' })
  })

  it('makes CSV with a column for each part of the schema, and a file for each memory', async () => {
    await convert(one, { to: 'csv' })
    const curve = JSON.stringify(order.curve)
    const [header, first, second] = readFileSync(join(folder, 'one.csv'), 'utf8').trimEnd().split('\n')
    expect(header).toBe(
      'log_time,publish_time,producer,sequence,id,offset,price,side,symbol,digest,legs[0].size,legs[1].size,curve',
    )
    expect(first).toBe(
      `${START},${START},0,0,18446744073709551615,-9223372036854775808,NaN,buy,"A,""B""",Af8=,7,4294967295,"${curve}"`,
    )
    expect(second).toContain(',-0,buy,')

    const { files } = await convert(several, { to: 'csv', output: join(folder, 'out.csv') })
    expect(files).toEqual([join(folder, 'out-events.csv'), join(folder, 'out-_raw.csv')])
    const text = readFileSync(join(folder, 'out-events.csv'), 'utf8')
    expect(text).toBe(
      `log_time,publish_time,producer,sequence,kind,order.n,note\n${START},${START},2,0,order,5,\n` +
        `${START + 1_000_000n},${START + 1_000_000n},2,1,note,,"two\nlines"\n`,
    )
  })

  it('makes Parquet with typed columns', async () => {
    const output = join(folder, 'one.parquet')
    await convert(one, { to: 'parquet' })
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(output), utf8: false })
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatchObject({
      sequence: 0n,
      id: order.id,
      offset: order.offset,
      price: Number.NaN,
      side: 'buy',
      symbol: 'A,"B"',
      digest: order.digest,
      'legs[1].size': 4294967295n,
      curve: JSON.stringify(order.curve),
    })
    expect(Object.is(rows[1]?.price, -0)).toBe(true)

    const { files } = await convert(several, { to: 'parquet', names: 'ev*' })
    expect(files).toEqual([join(folder, 'several.parquet')])
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(files[0] ?? '') })).toMatchObject([
      { kind: 'order', 'order.n': 5n, note: null },
      { kind: 'note', 'order.n': null, note: 'two\nlines' },
    ])
  })

  it('names a file whose messages are damaged, and leaves no half of a result', async () => {
    const damaged = join(folder, 'damaged.mcap')
    const whole = readFileSync(one)
    const chunk = whole.indexOf('zstd') + 16 // in the compressed messages: the summary is whole
    writeFileSync(damaged, whole.fill(0xff, chunk, chunk + 8))
    for (const to of ['csv', 'ndjson', 'parquet'] as const) {
      await expect(convert(damaged, { to })).rejects.toMatchObject({ code: 'DAMAGED_FILE' })
      expect(existsSync(join(folder, `damaged.${to}`))).toBe(false)
    }
    const rename = { orders: uniqueName('damaged') }
    using run = await replay(damaged, { rename, rate: 'unlimited' })
    await expect(run.finished).rejects.toMatchObject({ code: 'DAMAGED_FILE' })
  })

  it('refuses names that were not recorded, and formats that it does not know', async () => {
    await expect(convert(one, { to: 'csv', names: 'x' })).rejects.toMatchObject({ code: 'NOT_RECORDED' })
    await expect(convert(one, { to: 'xls' } as never)).rejects.toThrow('"csv", "ndjson" or "parquet"')
    await expect(convert(one, {} as never)).rejects.toThrow(TypeError)
  })
})
