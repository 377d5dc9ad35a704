import { openLatest, openQueue, openStream, serve } from '@memlane/consumer'
import { capabilities, SharedMemory } from '@memlane/core'
import { createLatest, createQueue, createStream } from '@memlane/producer'
import { api, board, call, f64, payload, stream, struct, u64, union, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { describe, expect, it } from 'vitest'
import { runCommand, runJson } from './run-command.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, size: u64 })
const ACME = '{"symbol":"ACME","bid":10.5,"size":"9007199254740993"}'

describe('send', () => {
  it('sends to a stream, whose schema it takes from the memory', async () => {
    const name = uniqueName('send')
    using _writer = createStream(name, Quote)
    using reader = await openStream(name)
    expect(await runCommand(['send', name, ACME])).toEqual({
      code: 0,
      stdout: `Sent 1 value to ${name}.\n`,
      stderr: '',
    })
    const input = `${ACME}\n\n${ACME}\n`
    expect(await runJson(['send', name], { input })).toEqual({ code: 0, objects: [{ name, sent: 2 }] })
    expect([reader.tryReceive(), reader.tryReceive(), reader.tryReceive(), reader.tryReceive()]).toEqual([
      ...Array(3).fill({ symbol: 'ACME', bid: 10.5, size: 9007199254740993n }),
      undefined,
    ])
  })

  it('sends to a queue, and members of a union', async () => {
    const name = uniqueName('send')
    using _writer = createQueue(name, union({ quote: Quote, note: payload.utf8 }))
    expect(await runCommand(['send', name, '{"kind":"note","value":"hello"}'])).toMatchObject({ code: 0 })
    const reader = await openQueue(name)
    expect(reader.tryTake()?.value).toEqual({ kind: 'note', value: 'hello' })
    await reader.close()
  })

  it('sets the value of a latest, and of a key, if their writer has ended', async () => {
    const [single, several] = [uniqueName('send'), uniqueName('send')]
    const writers = [createLatest(single, Quote), createLatest(several, board({ speed: f64, note: payload.utf8 }))]
    using one = await openLatest(single, Quote)
    using both = await openLatest(several)
    expect(await runCommand(['send', single, ACME])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ALREADY_EXISTS.*a writer already/),
    })
    for (const writer of writers) writer.close()
    expect(await runCommand(['send', single, ACME])).toMatchObject({ code: 0 })
    expect(one.get()).toMatchObject({ symbol: 'ACME' })
    expect(await runCommand(['send', several, '88', '--key', 'speed'])).toMatchObject({ code: 0 })
    expect(both.key('speed').get()).toBe(88)
    expect(await runCommand(['send', several, '88'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/speed, note. Pass --key/),
    })
    expect(await runCommand(['send', several, '8', '--key', 'no'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no key "no"/),
    })
  })

  it('refuses what does not fit, and says which part', async () => {
    const name = uniqueName('send')
    using writer = createStream(name, Quote)
    for (const [argv, code, line] of [
      [['{"symbol":"ACME","bid":"x","size":1}'], 1, /^memlane: INVALID_VALUE: Quote.bid: .*\n$/],
      [['{"symbol":"ACME"}'], 1, /^memlane: INVALID_VALUE: Quote.bid: .*\n$/],
      [['{oops'], 2, /^memlane: USAGE: the argument is not JSON: .*\n$/],
      [[], 2, /^memlane: USAGE: pass the value as an argument, or .*\n$/],
    ] as const) {
      expect(await runCommand(['send', name, ...argv])).toEqual({
        code,
        stdout: '',
        stderr: expect.stringMatching(line),
      })
    }
    expect(await runCommand(['send', uniqueName('none'), '1'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/NOT_FOUND/),
    })
    expect(await runCommand(['send', name, ACME, '--key', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--key is for a latest/),
    })
    expect(writer.sent).toBe(0)
  })

  it('ends with 4 if there is no room in time', async () => {
    const name = uniqueName('send')
    using writer = createQueue(name, f64, { capacity: 2, maxProducers: 1 })
    writer.trySend(1)
    writer.trySend(2)
    using _kept = SharedMemory.open(name)
    writer.close()
    expect(await runCommand(['send', name, '3', '--timeout', '0.01'])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/TIMED_OUT/),
    })
  })
})

describe('tail', () => {
  it('tells once that memory stays wrong, and ends with its last participant', async () => {
    const name = uniqueName('wrong')
    const writer = createStream(name, Quote, { capacity: 65_536, maxProducers: 1 })
    writer.trySend({ symbol: 'ACME', bid: 1, size: 1n })
    const memory = SharedMemory.open(name)
    writer.close()
    const words = new Int32Array(memory.buffer)
    words.fill(-1, words.length - 65_536 / 4) // all records
    words[1024 / 4 + 4] = 4 // the end of the lane, inside of one
    const ended = runCommand(['tail', name, '--from', 'oldest'])
    memory.close()
    expect(await ended).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^memlane: CORRUPT: [^\n]*\n(memlane: CORRUPT: [^\n]*\n)?$/),
    })
  })
})

describe('call', () => {
  const Prices = api('Prices', { double: call(f64, u64), count: call(f64, stream(f64)), fail: call(f64, f64) })

  it('prints an answer, or the parts of one', async () => {
    const name = uniqueName('call')
    const server = serve(name, Prices, {
      double: (value: number) => BigInt(2 * value),
      async *count(to: number) {
        for (let each = 1; each <= to; each++) yield each
      },
      fail: () => {
        throw Object.assign(new Error('not today\x1b[2J'), { code: '\x1b[31m' })
      },
    })
    expect(await runCommand(['call', name, 'double', '21'])).toEqual({ code: 0, stdout: '"42"\n', stderr: '' })
    expect(await runCommand(['call', name, 'count'], { input: '3\n' })).toEqual({
      code: 0,
      stdout: '1\n2\n3\n',
      stderr: '',
    })
    expect(await runCommand(['call', name, 'fail', '1'])).toMatchObject({
      code: 1,
      stderr: 'memlane: \\u001b[31m: not today\\u001b[2J\n',
    })
    expect(await runCommand(['call', name, 'nope', '1'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/It has double, count, fail/),
    })
    expect(await runCommand(['call', name, 'double', '"x"'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/INVALID_VALUE/),
    })
    expect(await runCommand(['send', name, '1'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/takes calls: memlane call/),
    })
    await server.close()
  })
})

describe('create', () => {
  it.each([
    ['stream', "struct('Quote', { symbol: utf8(8), bid: f64, size: u64 })", (name: string) => openStream(name, Quote)],
    ['queue', 'payload.json()', (name: string) => openQueue(name, payload.json())],
    ['latest', 'board({ speed: f64 })', (name: string) => openLatest(name, board({ speed: f64 }))],
  ])('creates a %s that others take part in, and holds it until it is interrupted', async (shape, schema, open) => {
    const name = uniqueName('create')
    const end = new AbortController()
    let opened: Promise<{ close(): unknown }> | undefined
    const created = runCommand(['create', name, '--shape', shape, '--schema', schema], {
      signal: end.signal,
      onOutput: (stdout) => {
        if (!stdout.includes('Holding it')) return
        opened = open(name)
        void opened.then(() => end.abort())
      },
    })
    expect(await created).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(`^Created ${name} \\(${shape}, `),
      stderr: '',
    })
    await (await opened)?.close()
    expect(leftovers(name)).toEqual([])
  })

  it('creates bare memory, which stays with --persistent until rm removes it', async () => {
    const name = uniqueName('create')
    const created = await runCommand(['create', name, '--length', '64', '--persistent'])
    if (!capabilities.persistent) {
      expect(created).toMatchObject({ code: 1, stderr: expect.stringMatching(/NOT_SUPPORTED/) })
      return
    }
    expect(created).toEqual({ code: 0, stdout: `Created ${name} (bare memory, 64 bytes).\n`, stderr: '' })
    expect(SharedMemory.list().find((each) => each.name === name)).toMatchObject({ length: 64, lifetime: 'unlink' })
    expect(await runCommand(['create', name, '--length', '1'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ALREADY_EXISTS/),
    })
    expect(await runJson(['rm', name])).toEqual({ code: 0, objects: [{ name, removed: true }] })
    expect(await runCommand(['rm', name])).toMatchObject({ code: 3, stderr: expect.stringMatching(/NOT_FOUND/) })
  })

  it.each([
    [[], 'pass --length for bare memory'],
    [['--length', '0'], 'It must be a whole number from 1'],
    [['--length', '1', '--schema', 'f64'], '--schema needs --shape'],
    [['--shape', 'stream'], 'a stream needs --schema'],
    [['--shape', 'region', '--schema', 'f64'], 'Allowed choices are stream, latest, queue'],
    [['--shape', 'queue', '--schema', 'f64', '--overflow', 'wait'], '--overflow is for a stream'],
    [['--shape', 'stream', '--schema', 'f64', '--max-message-length', '9'], '--max-message-length is for a latest'],
    [['--shape', 'stream', '--schema', 'board({ a: f64 })'], 'a board is the schema of a latest'],
    [['--shape', 'stream', '--schema', 'f65'], 'f65 is unknown'],
    [['--shape', 'stream', '--schema', 'f64', '--capacity', '7'], 'capacity'],
  ])('refuses %j', async (options, reason) => {
    const { code, stdout, stderr } = await runCommand(['create', uniqueName('create'), ...options])
    expect({ code, stdout }).toEqual({ code: reason === 'capacity' ? 1 : 2, stdout: '' })
    expect(stderr).toContain(reason)
    expect(stderr).toMatch(/^memlane: [A-Z_]+: [^\n]+\n$/)
  })
})

describe('clean', () => {
  it('says so if nothing was left behind', async () => {
    const { code, objects } = await runJson(['clean'])
    expect({ code, objects }).toEqual({ code: 0, objects: [{ removed: expect.any(Array) }] })
  })
})
