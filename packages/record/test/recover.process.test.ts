import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { info, record, recover } from '../src/index.js'
import { messagesIn } from './messages-in.js'

const Count = struct('Count', { n: u32, filler: u32 })
const upTo = (length: number) => Array.from({ length }, (_, index) => index)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memlane-recover-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function numbersIn(file: string): Promise<number[]> {
  return (await messagesIn(file)).map(({ value }) => (value as { n: number }).n)
}

describe('recover', () => {
  it('saves what a killed recorder had flushed, and refuses to write over a file', async () => {
    const name = uniqueName('killed')
    const file = join(folder, 'killed.mcap')
    const partial = `${file}.partial`
    using writer = createStream(name, Count)
    for (let n = 0; n < 1000; n++) writer.trySend({ n, filler: 0 })
    using recorder = spawnFixture(new URL('../fixtures/recorder.child.ts', import.meta.url), [name, file])
    await recorder.line('recorded 1000')
    const begun = 2000 // bytes: more than the file has before its first flush, which has all of these messages
    while (statSync(partial).size < begun) await setTimeout(10)
    for (let n = 1000; n < 1500; n++) writer.trySend({ n, filler: 0 })
    await recorder.line(/^recorded 1[1-5]\d\d$/)
    recorder.kill('SIGKILL')
    expect(await recorder.exit).toMatchObject({ stderr: '' })

    const report = await recover(partial)
    expect(report).toMatchObject({ file, complete: false, channels: 1, damage: undefined })
    expect(report.messages).toBeGreaterThanOrEqual(1000)
    expect(await numbersIn(file)).toEqual(upTo(report.messages))
    expect(await info(file)).toMatchObject({ messages: report.messages, recovered: true })
    await expect(recover(partial)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
  })

  it('tells how much of a cut or scribbled file it could use', async () => {
    const name = uniqueName('cut')
    const file = join(folder, 'cut.mcap')
    using writer = createStream(name, Count, { capacity: 2 ** 22 })
    const recording = await record(name, file, { compression: 'none', encode: 'json' })
    const sent = 60_000 // several chunks
    for (let n = 0; n < sent; n++) writer.trySend({ n, filler: 0 })
    await recording.stop()
    const whole = readFileSync(file)
    const attempt = async (bytes: Uint8Array) => {
      const damaged = join(folder, 'damaged.mcap')
      rmSync(join(folder, 'damaged-recovered.mcap'), { force: true })
      writeFileSync(damaged, bytes)
      return recover(damaged)
    }

    expect(await attempt(whole)).toMatchObject({ complete: true, messages: sent, lostBytes: 0, damage: undefined })
    for (const share of [0.3, 0.6, 0.95]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share))
      const report = await attempt(cut)
      expect(report).toMatchObject({ complete: false, damage: undefined })
      expect(report.lostBytes).toBeLessThan(2 ** 21)
      expect(await numbersIn(report.file)).toEqual(upTo(report.messages))
    }
    const scribbled = Uint8Array.from(whole)
    scribbled.fill(0xa5, whole.length / 2, whole.length / 2 + 100)
    const report = await attempt(scribbled)
    expect(report.messages).toBeGreaterThan(0)
    expect(report.messages).toBeLessThan(sent)
    expect(report.damage).toMatch(/CRC/)
    expect(await numbersIn(report.file)).toEqual(upTo(report.messages))
    await expect(attempt(whole.subarray(0, 10))).rejects.toMatchObject({ code: 'DAMAGED_FILE' })
    await expect(attempt(new TextEncoder().encode('no recording at all'))).rejects.toMatchObject({
      code: 'DAMAGED_FILE',
    })
    await expect(info(join(folder, 'damaged.mcap'))).rejects.toMatchObject({ code: 'DAMAGED_FILE' })
  })
})
