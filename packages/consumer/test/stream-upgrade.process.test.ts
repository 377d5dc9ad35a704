import { type Child, spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'

const start = (...args: string[]): Child =>
  spawnFixture(new URL('../fixtures/stream-upgrade.child.ts', import.meta.url), args, { timeoutMs: 60_000 })

const one = (version: number, seq: number) => ({ symbol: `v${version}`, bid: seq + 0.5, seq })
const two = (seq: number) => ({ symbol: 'v2', venue: 'X', bid: seq + 0.5, ask: seq + 0.75, seq })
/** Waits until a reader has printed the last message of a writer, and returns all that it got from that writer. */
async function received(reader: Child, symbol: string): Promise<object[]> {
  await reader.line(new RegExp(`"symbol":"${symbol}".*"seq":3`))
  const lines = reader.stdout.split('\n').filter((line) => line.includes(`"symbol":"${symbol}"`))
  return lines.map((line) => JSON.parse(line))
}

describe('a fleet that is upgraded one process at a time', () => {
  it.each(['closes', 'dies'])('reads the new writer with old readers, after the old writer %s', async (how) => {
    const name = uniqueName('stream')
    using first = start(name, 'writer', '1', '2')
    await first.line('created')
    using old = start(name, 'reader', '1')
    using unknowing = start(name, 'reader', 'none')
    expect(await received(old, 'v1')).toEqual([1, 2, 3].map((seq) => one(1, seq)))
    expect(await received(unknowing, 'v1')).toEqual([1, 2, 3].map((seq) => one(1, seq)))
    await first.line('sent')

    using second = start(name, 'writer', '2', '2')
    if (how === 'closes') first.end()
    else first.kill('SIGKILL')
    await second.line('sent')
    expect(await received(old, 'v2')).toEqual([1, 2, 3].map((seq) => one(2, seq)))
    expect(await received(unknowing, 'v2')).toEqual([1, 2, 3].map(two))

    using renewed = start(name, 'reader', '2')
    second.end()
    expect(await second.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    using third = start(name, 'writer', '2', '3')
    expect(await received(renewed, 'v2')).toEqual([1, 2, 3].map(two))
    third.end()
    expect(await third.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  it('refuses a new reader of an old writer, and names the field that is missing', async () => {
    const name = uniqueName('stream')
    using old = start(name, 'writer', '1', '1')
    await old.line('created')
    using reader = start(name, 'reader', '2')
    const { stdout, stderr, code } = await reader.exit
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const refused = 'SCHEMA_MISMATCH: Stream "NAME": it carries messages of another schema'
    expect(stdout).toBe(`${refused}: field venue is missing in the memory.\n`)
  })
})
