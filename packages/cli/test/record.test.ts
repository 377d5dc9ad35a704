import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStream } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { f64, struct, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, runJson } from './run-command.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64 })
const quote = (bid: number) => ({ symbol: 'ACME', bid })

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memlane-cli-record-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Records what `send` sends once the command has begun, and ends it as Ctrl-C would. */
async function recordWhile(argv: readonly string[], send: () => void) {
  const interrupt = new AbortController()
  return runCommand(['record', ...argv], {
    signal: interrupt.signal,
    onOutput() {
      if (interrupt.signal.aborted) return
      send()
      interrupt.abort()
    },
  })
}

describe('record, replay, recover and recording', () => {
  it('record a stream until they are interrupted, show it, convert it and send it again', async () => {
    const name = uniqueName('quotes')
    const file = join(folder, 'run.mcap')
    using writer = createStream(name, Quote)
    const recorded = await recordWhile([name, '-o', file, '--encode', 'raw', '--description', 'a test'], () => {
      for (let bid = 0; bid < 3; bid++) writer.trySend(quote(bid))
    })
    expect(recorded).toEqual({
      code: 0,
      stdout: `Recording ${name}, into ${file}. Ctrl-C ends.\nRecorded 3 messages, missed 0. Wrote ${file}.\n`,
      stderr: '',
    })
    writer.close()

    const shown = await runCommand(['recording', 'info', file])
    expect(shown.stdout).toMatch(/messages +3, missed 0\n/)
    expect(shown.stdout).toContain(`${name}\tstream\t-\tQuote\tx-memlane\t3\t0\n`)
    const { objects } = await runJson(['recording', 'info', file])
    expect(objects).toMatchObject([
      { messages: 3, missed: 0, gaps: [], from: /^\d+$/, facts: { description: 'a test' } },
    ])

    const csv = join(folder, 'run.csv')
    expect(await runCommand(['recording', 'convert', file, '--to', 'csv'])).toMatchObject({
      code: 0,
      stdout: `Converted 3 messages into ${csv}.\n`,
    })
    expect(readFileSync(csv, 'utf8').split('\n')).toHaveLength(5)
    expect(await runCommand(['recording', 'convert', file])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/needs --to/),
    })
    expect(await runCommand(['recording', 'info', join(folder, 'no.mcap')])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/ENOENT/),
    })
    expect(await runCommand(['record', name, '-o', file])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/FILE_EXISTS/),
    })

    const again = uniqueName('again')
    const options = ['--rename', `${name}=${again}`, '--consumers', '1', '--rate', 'unlimited']
    const replayed = runCommand(['replay', file, ...options])
    using reader = await openStream(again, Quote)
    const values = []
    for await (const value of reader) values.push(value)
    expect(values).toEqual([quote(0), quote(1), quote(2)])
    expect(await replayed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Sent 3 messages in \d+\.\d{3} s\.\n$/),
      stderr: '',
    })
    expect(await runCommand(['replay', file, '--name', 'other'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/NOT_RECORDED/),
    })
    expect(await runCommand(['replay', file, '--rate', 'fast'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/above 0/),
    })
    expect(await runCommand(['replay', file, '--rename', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/OLD=NEW/),
    })
  })

  it('send one message for each Enter, and the others at once', async () => {
    const name = uniqueName('steps')
    const file = join(folder, 'steps.mcap')
    {
      using writer = createStream(name, Quote)
      await recordWhile([name, '-o', file], () => {
        for (let bid = 0; bid < 5; bid++) writer.trySend(quote(bid))
      })
    }
    const { code, objects } = await runJson(['replay', file, '--step'], { input: '\n2\nnonsense\ngo\n' })
    expect([code, objects]).toMatchObject([0, [{ messages: 5, rounds: 1 }]])
  })

  it('write snapshots when Enter is pressed, and end after a time', async () => {
    const name = uniqueName('snapshots')
    using writer = createStream(name, Quote)
    writer.trySend(quote(1))
    const output = join(folder, 'last.mcap')
    const argv = ['record', name, '-o', output, '--snapshot', '60', '--from', 'oldest', '--for', '0.2']
    const { code, objects } = await runJson(argv, { input: '\n' })
    const snapshot = join(folder, 'last-0001.mcap')
    expect([code, objects]).toEqual([0, [{ snapshot }, { messages: 1, missed: 0, files: [snapshot] }]])
  })

  it('go on when a snapshot cannot be written, and then end with 1', async () => {
    const name = uniqueName('snapshots')
    using _writer = createStream(name, Quote)
    const argv = ['record', name, '-o', join(folder, 'no folder', 'last.mcap'), '--snapshot', '1.1', '--for', '0.2']
    expect(await runCommand(argv, { input: '\n' })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Wrote no file.'),
      stderr: expect.stringMatching(/^memlane: ENOENT: no such file or directory, .*\n$/),
    })
  })

  it('refuse times of 0', async () => {
    for (const option of ['--snapshot', '--max-time']) {
      expect(await runCommand(['record', 'x', '-o', 'x.mcap', option, '0'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/at least 0.001 seconds/),
      })
    }
  })

  it('recover a file that was cut off, with an exit code that tells whether it worked', async () => {
    const name = uniqueName('cut')
    const file = join(folder, 'cut.mcap')
    using writer = createStream(name, Quote)
    await recordWhile([name, '-o', file, '--compression', 'none'], () => {
      for (let bid = 0; bid < 100; bid++) writer.trySend(quote(bid))
    })
    const whole = readFileSync(file)
    const damaged = join(folder, 'damaged.mcap.partial')
    const repaired = join(folder, 'damaged.mcap')
    writeFileSync(damaged, whole.subarray(0, whole.length - 100)) // the summary is cut
    expect(await runCommand(['recover', damaged])).toMatchObject({
      code: 0,
      stdout:
        /^Saved 100 messages of 1 channel in .*damaged\.mcap\.\nThe file was cut off: its last \d+ bytes were no whole record\.\n$/,
    })
    expect(await runCommand(['recover', damaged])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/FILE_EXISTS/),
    })
    rmSync(repaired)
    const scribbled = Uint8Array.from(whole)
    scribbled.fill(0xff, 3000, 3010)
    writeFileSync(damaged, scribbled)
    const { code, objects } = await runJson(['recover', damaged])
    expect([code, objects]).toMatchObject([1, [{ messages: 0, complete: false, damage: /CRC/ }]])
    writeFileSync(damaged, 'nothing')
    expect(await runCommand(['recover', damaged, '-o', join(folder, 'x.mcap')])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/DAMAGED_FILE/),
    })
  })
})
