import { capabilities, SharedMemory } from '@memlane/core'
import { uniqueName } from '@memlane/testing'
import { Peer } from '@memlane/testing/peer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandOptions, runCommand, runJson } from './run-command.js'

const fixture = new URL('../fixtures/machine.child.ts', import.meta.url)
const posix = capabilities.namespace === 'posix'

/** Every memory of this machine has a name that begins so. */
const prefix = uniqueName('look')
const name = (shape: string) => `${prefix}-${shape}`
let producer: Peer
let consumer: Peer
let pids: Readonly<Record<'producer' | 'consumer', number>>

beforeAll(async () => {
  producer = new Peer(fixture, { timeoutMs: 60_000 })
  consumer = new Peer(fixture, { timeoutMs: 60_000 })
  pids = { producer: await producer.call('produce', prefix), consumer: await consumer.call('consume', prefix) }
  await producer.call('connect', prefix)
  await producer.call('send', 5)
  await producer.call('set', 88.5, 'hello')
  await producer.call('queue', 2)
  await producer.call('call', 'ACME')
})

afterAll(async () => {
  await producer?.kill()
  await consumer?.kill()
})

/** The lines of a command that concern this machine, with short names and no process ids, times and rates. */
async function lines(argv: readonly string[], options?: CommandOptions): Promise<string[]> {
  const { stdout } = await runCommand(argv, options)
  return stdout
    .split('\n')
    .filter((line) => line.includes(prefix))
    .map((line) => anonymous(line.replaceAll(`${prefix}-`, '')))
}

function anonymous(text: string): string {
  return text.replaceAll(`${pids.producer}`, 'P').replaceAll(`${pids.consumer}`, 'C')
}

/** The summaries of this machine, by the names without the prefix. */
async function summaries(argv: readonly string[]) {
  const { objects } = await runJson(argv)
  const ours = objects.filter((each) => each.name.startsWith(prefix))
  return Object.fromEntries(ours.map((each) => [each.name.slice(prefix.length + 1), each]))
}

/** Looks until something is there: a process takes a moment to stop, and to fall asleep. */
async function until<T>(look: () => Promise<T>, isThere: (seen: T) => boolean): Promise<T> {
  let seen = await look()
  for (let looks = 0; looks < 50 && !isThere(seen); looks++) seen = await look()
  return seen
}

const found = (code: string) => expect.arrayContaining([expect.objectContaining({ code })])

describe('a healthy machine', () => {
  it('is listed with shape, schema, participants and what waits', async () => {
    const pid = (side: 'producer' | 'consumer') => (capabilities.tellsHolders ? pids[side] : expect.anything())
    const side = (role: string, of: 'producer' | 'consumer') => [
      expect.objectContaining({ role, slot: 0, state: 'alive', pid: pid(of) }),
    ]
    const sides = (producers: unknown, consumers: unknown) => ({ producers, consumers, findings: [] })
    expect(await summaries(['ls'])).toMatchObject({
      bytes: { shape: 'bytes', schema: null, perSecond: null, lagMessages: null, ...sides([], []) },
      price: { shape: 'region', ...sides(side('writer', 'producer'), []) },
      quotes: {
        ...{ shape: 'stream', schema: 'Quote', perSecond: 0, bytesPerSecond: 0, lagMessages: 5, ageMs: null },
        ...sides(side('producer', 'producer'), side('consumer', 'consumer')),
      },
      car: { shape: 'latest', schema: 'board', ...sides(side('writer', 'producer'), side('reader', 'consumer')) },
      jobs: {
        ...{ shape: 'queue', schema: 'Job', lagMessages: 2, dropped: 0 },
        ...sides(side('producer', 'producer'), side('consumer', 'consumer')),
      },
      prices: {
        ...{ shape: 'call', schema: 'Prices', lagMessages: 0 },
        ...sides(side('client', 'producer'), side('server', 'consumer')),
      },
    })
  })

  it.runIf(capabilities.tellsHolders)('is a table: with tabs for programs, aligned on a terminal', async () => {
    const [quotes] = (await lines(['ls'])).filter((line) => line.startsWith('quotes'))
    expect(quotes).toBe('quotes\tstream\tQuote\t327680\tP\tC\t0\t5\t-\tok')
    const [wide] = (await lines(['ls'], { isTerminal: true, env: { NO_COLOR: '1' } })).filter((line) =>
      /^quotes /.test(line),
    )
    expect(wide?.replace(/ {2,}/g, '  ')).toBe('quotes  stream  Quote  328 KB  P  C  0  5  -  ok')
    const { stdout } = await runCommand(['ls'], { isTerminal: true })
    expect(stdout).toContain('\x1b[32mok\x1b[39m')
  })

  it('tells all of one memory', async () => {
    const infos = await Promise.all(
      ['quotes', 'car', 'jobs', 'prices', 'price', 'bytes'].map(async (shape) => {
        const { objects } = await runJson(['info', name(shape)])
        return objects[0]
      }),
    )
    expect(infos).toMatchObject([
      { geometry: { capacity: 65_536, overflow: 'wait' }, figures: { sent: 5, lagMessages: 5 } },
      {
        keys: [
          { key: 'speed', version: 1 },
          { key: 'note', version: 1, valueLength: 5 },
        ],
        figures: { set: 2 },
      },
      { geometry: { capacity: 4 }, figures: { ready: 2, dead: 0 } },
      { figures: { called: 1, waiting: 0 } },
      { shape: 'region', start: expect.stringMatching(/^41434d45/) },
      { shape: 'bytes' },
    ])
    const { stdout } = await runCommand(['info', name('quotes')])
    expect(anonymous(stdout)).toContain('\nbid\tf64\t8\t8\n')
    expect(anonymous(stdout)).toContain("\nexport const Quote = struct('Quote', {\n  symbol: utf8(8),\n  bid: f64,\n")
    expect(anonymous(stdout)).toMatch(/\nproducer\t0\talive\tP?/)
    expect((await runCommand(['info', name('car')])).stdout).toMatch(/\nspeed\t1\t[\d.]+\t8\t8\n/)
    expect(await runCommand(['info', uniqueName('none')])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/NOT_FOUND/),
    })
  })

  it('shows messages, values and fields, and takes none away', async () => {
    const from = ['--from', 'oldest']
    const quote = (sequence: number, bid: number) => {
      const value = { symbol: 'ACME', bid, size: `${9007199254740993n + BigInt(sequence)}` }
      return { kind: 'message', producer: 0, sequence, missedBefore: 0, value }
    }
    const tail = async (...options: string[]) => (await runJson(['tail', name('quotes'), ...from, ...options])).objects
    expect(await tail('--count', '2')).toEqual([quote(0, 10.125), quote(1, 10.25)])
    expect(await tail('--count', '1', '--where', 'bid>10.3,size>9007199254740995')).toEqual([quote(3, 10.5)])
    expect(await tail('--count', '2', '--fields', 'bid,sequence')).toEqual([
      { bid: 10.125, sequence: 0 },
      { bid: 10.25, sequence: 1 },
    ])
    const { stdout } = await runCommand(['tail', name('quotes'), ...from, '--count', '1'])
    expect(stdout).toBe('0#0\t{"symbol":"ACME","bid":10.125,"size":"9007199254740993"}\n')
    const picked = await runCommand(['tail', name('quotes'), ...from, '--count', '1', '--fields', 'symbol,bid'])
    expect(picked.stdout).toBe('ACME\t10.125\n')
    const [job] = (await runJson(['tail', name('jobs'), ...from, '--count', '1'])).objects
    expect(Math.abs(Date.parse(job?.time) - Date.now())).toBeLessThan(3_600_000)
    expect(await runCommand(['tail', name('quotes'), '--where', 'bid'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/USAGE/),
    })
    expect(await summaries(['ls'])).toMatchObject({ quotes: { lagMessages: 5 } })
  })

  it('ends at Ctrl-C with 0', async () => {
    for (const command of [['tail', name('quotes')], ['hz', name('quotes')], ['top']]) {
      const end = new AbortController()
      const ended = runCommand(command, { signal: end.signal })
      setTimeout(() => end.abort(), 30)
      expect(await ended).toMatchObject({ code: 0, stderr: '' })
    }
  })

  it('shows rates', async () => {
    const rates = runJson(['hz', name('quotes'), '--count', '1', '--interval', '0.3'])
    const looks = summaries(['top', '--count', '1', '--interval', '0.3'])
    await producer.call('send', 20)
    const { objects } = await rates
    expect(objects[0].perSecond).toBeGreaterThan(0)
    expect(objects[0]).toMatchObject({ name: name('quotes'), mean: objects[0].perSecond })
    expect((await looks).quotes.perSecond).toBeGreaterThanOrEqual(0)
    expect(await runCommand(['hz', name('bytes'), '--count', '1', '--interval', '0'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/NOT_A_CHANNEL/),
    })
    expect(await consumer.call('receive')).toBe(25)
  })
})

describe('dead letters', () => {
  it('are shown without being taken, sent back by a condition, and dropped', async () => {
    await consumer.call('take')
    await consumer.call('reject', 'no time')
    const letter = (number: number) => {
      const value = { number, task: `task ${number}` }
      return { value, reason: `no time ${number}`, deliveryCount: 1, ageMs: expect.any(Number) }
    }
    const queue = async (...words: string[]) => (await runJson(['queue', name('jobs'), ...words])).objects
    const dead = await queue('dead') // the oldest first; these two are about as old
    expect(dead.sort((a, b) => a.value.number - b.value.number)).toMatchObject([letter(0), letter(1)])
    expect(await queue('dead', '--where', 'number=1')).toMatchObject([letter(1)])
    expect(await queue()).toMatchObject([{ dead: 2, ready: 0, findings: found('DEAD_LETTERS') }])
    expect(await runCommand(['queue', name('jobs'), 'drop'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--all or --where/),
    })
    expect(await queue('resend', '--where', 'reason~time 0')).toEqual([{ name: name('jobs'), resent: 1 }])
    expect(await queue('drop', '--all')).toEqual([{ name: name('jobs'), dropped: 1 }])
    expect(await queue()).toMatchObject([{ dead: 0, ready: 1 }])
    expect(await runCommand(['queue', name('car')])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is no queue: its shape is latest/),
    })
  })
})

describe.runIf(posix && capabilities.tellsHolders)('a sick machine', () => {
  const doctor = async () => {
    const { code, objects } = await runJson(['doctor'])
    const ours = objects[0].findings.filter((each: { name: string }) => each.name?.startsWith(prefix))
    return {
      code,
      codes: ours.map((each: { name: string; code: string }) => [each.name.slice(prefix.length + 1), each.code]),
    }
  }

  it('tells that a consumer is stopped, and who waits for it', async () => {
    consumer.child.kill('SIGSTOP')
    await producer.call('send', 1e6)
    await producer.call('queue', 10)
    void producer.call('sendOneMore')
    const ours = await until(
      () => summaries(['ls']),
      ({ quotes }) => quotes.findings.length === 2,
    )
    expect(ours).toMatchObject({
      quotes: { findings: found('BLOCKED_PRODUCER') },
      jobs: { findings: found('FULL_QUEUE') },
    })
    const listed = await lines(['ls'])
    expect(listed.find((line) => line.startsWith('quotes'))).toMatch(/\tP\tC\(stopped\)\t.*\tBLOCKED_PRODUCER$/)
    expect(await doctor()).toMatchObject({
      code: 1,
      codes: expect.arrayContaining([
        ['quotes', 'BLOCKED_PRODUCER'],
        ['jobs', 'FULL_QUEUE'],
        ['quotes', 'STOPPED_PARTICIPANT'],
      ]),
    })
    const { stdout } = await runCommand(['info', name('quotes')])
    expect(anonymous(stdout)).toMatch(/\nerror\tBLOCKED_PRODUCER\t.*\(process P\).*\(process C\), which is stopped/)
    consumer.child.kill('SIGCONT')
  })

  it('tells that a producer has died', async () => {
    await producer.kill()
    const { quotes, car, jobs } = await summaries(['ls'])
    for (const each of [quotes, car, jobs]) {
      expect(each).toMatchObject({ producers: [{ state: 'died', pid: null }], findings: found('DEAD_PARTICIPANT') })
    }
    expect((await lines(['top', '--count', '1', '--interval', '0'])).find((line) => line.startsWith('car'))).toMatch(
      /\t0\t1\tDEAD_PARTICIPANT$/,
    )
    expect(SharedMemory.list().some((each) => each.name === name('bytes'))).toBe(false)
  })
})
