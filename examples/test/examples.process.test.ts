import { type Child, spawnFixture, uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'

const start = (program: string, ...args: string[]) => spawnFixture(new URL(`../${program}.ts`, import.meta.url), args)

async function outputOf(child: Child): Promise<string[]> {
  const { code, signal, stdout, stderr } = await child.exit
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return stdout.trimEnd().split('\n')
}

describe('the examples', () => {
  it('region: the reader shows whole quotes, newer and newer', async () => {
    const name = uniqueName('example')
    using reader = start('region/reader', name)
    using _writer = start('region/writer', name)
    const lines = await outputOf(reader)
    const bids = lines.map((line) => Number(/^ACME ([\d.]+) [\d.]+ \(spread 0\.25\)$/.exec(line)?.[1]))
    expect(bids).toHaveLength(3)
    expect(bids.every((bid, index) => bid >= (bids[index - 1] ?? 10.5))).toBe(true)
  })

  it('stream: the consumer shows every trade, and that the producer has closed', async () => {
    const name = uniqueName('example')
    using consumer = start('stream/consumer', name)
    using producer = start('stream/producer', name)
    const trades = [1, 2, 3, 4, 5].map((number) => `ACME ${(104 + number) / 10} x ${number}00`)
    expect(await outputOf(consumer)).toEqual([...trades, 'the producer has closed'])
    expect(await outputOf(producer)).toEqual(['sent 5'])
  })

  it('queue: each job is done by one of the workers', async () => {
    const name = uniqueName('example')
    using first = start('queue/worker', name)
    using second = start('queue/worker', name)
    using boss = start('queue/boss', name)
    expect(await outputOf(boss)).toEqual(['10 jobs are done'])
    const lines = [...(await outputOf(first)), ...(await outputOf(second))].filter((line) => line !== '')
    const jobs = Array.from({ length: 10 }, (_, index) => `done: resize picture ${index + 1}`)
    expect(lines.sort()).toEqual(jobs.sort())
  })

  it('call: the client gets its quotes and prices', async () => {
    const name = uniqueName('example')
    using server = start('call/server', name)
    using client = start('call/client', name)
    expect(await outputOf(client)).toEqual(['{ id: 1, price: 42 }', '2,3,4', '10.5', '21', '31.5', '42'])
    expect(await outputOf(server)).toEqual(['5 calls were answered'])
  })

  it('latest: the reader shows whole states, newer and newer', async () => {
    const name = uniqueName('example')
    using reader = start('latest/reader', name)
    using _writer = start('latest/writer', name)
    const lines = await outputOf(reader)
    expect(lines.pop()).toBe('the writer is alive')
    const states = lines.map((line) =>
      /^version (\d+): (\d+) rpm, (\d+) degrees \(\d+ skipped\)$/.exec(line)?.map(Number),
    )
    expect(states).toHaveLength(3)
    for (const [, version = 0, rpm, degrees] of states as number[][]) {
      expect([rpm, degrees]).toEqual([900 + 100 * (version - 1), 80 + (version - 1)])
    }
  })

  it('bytes: the reader sees painted pixels', async () => {
    const name = uniqueName('example')
    using reader = start('bytes/reader', name)
    using _writer = start('bytes/writer', name)
    expect(await outputOf(reader)).toEqual(['3072 pixels, the first one is opaque: true'])
  })

  it('foreign layout: the overlay finds the player on the circle', async () => {
    const name = uniqueName('example')
    using overlay = start('foreign-layout/overlay', name)
    using _game = start('foreign-layout/game', name)
    expect(await outputOf(overlay)).toEqual(['Example: 1.0 m from the centre'])
  })

  it('fan-out: each consumer gets every line', async () => {
    const name = uniqueName('example')
    using first = start('fan-out/consumer', name)
    using second = start('fan-out/consumer', name)
    using producer = start('fan-out/producer', name)
    const lines = ['first', 'second', 'third']
    expect(await outputOf(first)).toEqual(lines)
    expect(await outputOf(second)).toEqual(lines)
    expect(await outputOf(producer)).toEqual(['sent to 2 consumers'])
  })

  it('several producers: the collector gets what each sensor sent, in its order', async () => {
    const name = uniqueName('example')
    using collector = start('several-producers/collector', name)
    using one = start('several-producers/sensor', name, 'one')
    using two = start('several-producers/sensor', name, 'two')
    const lines = await outputOf(collector)
    for (const sensor of ['one', 'two']) {
      const expected = [20, 21, 22].map((celsius) => `${sensor}: ${celsius}`)
      expect(lines.filter((line) => line.startsWith(sensor))).toEqual(expected)
    }
    await Promise.all([one, two].map(outputOf))
  })
})
