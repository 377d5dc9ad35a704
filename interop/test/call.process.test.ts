import { setTimeout } from 'node:timers/promises'
import { type CallServer, type Handlers, serve } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { type Client, connect } from '@memlane/producer'
import type { Infer } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { expect, test } from 'vitest'
import { call } from '../src/programs.js'
import { isSample, type Sample, sampleOf } from '../src/sample.js'
import { Samples } from '../src/samples-api.js'

const COUNT = 20_000
/** The offset of the mask of sleeping servers, and of that of clients (docs/wire-format-queue.md). */
const SLEEPING_SERVERS = 384
const SLEEPING_CLIENTS = 512
const LIVES = { timeoutMs: 50_000 }
const range = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index)

type SamplesClient = Client<typeof Samples.procedures>

function twice(sample: Infer<typeof Sample>): Infer<typeof Sample> {
  if (!isSample(sample)) throw new Error(`wrong: ${JSON.stringify(sample)}`)
  if (sample.number === 13) throw Object.assign(new RangeError('13 brings bad luck'), { code: 'IN_NODE' })
  return sampleOf(2 * sample.number)
}

const handlers: Handlers<typeof Samples.procedures> = {
  twice,
  again: twice,
  *upTo({ number }) {
    if (number === 13) throw new RangeError('13 brings bad luck')
    for (let next = 0; next < number; next++) yield sampleOf(next)
  },
}

const serveSamples = (object: string): CallServer => serve(object, Samples, handlers, { capacity: 64 })

/** Waits until a participant of that side sleeps. */
async function asleep(object: string, mask: number): Promise<void> {
  using memory = SharedMemory.open(object)
  const word = new Int32Array(memory.buffer, mask, 1)
  while (Atomics.load(word, 0) === 0) await setTimeout(1)
}

async function checkCalls(client: SamplesClient): Promise<void> {
  for (const first of range(0, COUNT / 200).map((index) => 100 + index * 200)) {
    const answers = await Promise.all(range(first, 200).map((number) => client.twice(sampleOf(number))))
    expect(answers.every(isSample)).toBe(true)
    expect(answers.map(({ number }) => number)).toEqual(range(first, 200).map((number) => 2 * number))
  }
  await expect(client.twice(sampleOf(13))).rejects.toMatchObject({
    name: 'RangeError',
    message: '13 brings bad luck',
    code: 'IN_C',
    procedure: 'twice',
  })
  expect(client.callSync('twice', sampleOf(7)).number).toBe(14)
}

test('calls of memlane are answered by C, also when each sleeps', async () => {
  const object = `/${uniqueName('call')}`
  using server = call.server(['--create', object, `${COUNT + 3}`], LIVES)
  await server.line('joined')
  using client = await connect(object, Samples)
  await checkCalls(client)
  await asleep(object, SLEEPING_SERVERS)
  expect((await client.again(sampleOf(21))).number).toBe(42)
  expect((await server.exit).stdout).toBe(`joined\n${COUNT + 3} calls, 0 given up\n`)
})

test.each([
  ['one by one', []],
  ['many at a time', ['--parallel', '64']],
])('calls of C, %s, are answered by memlane', async (_, how) => {
  const object = `/${uniqueName('call')}`
  await using server = serveSamples(object)
  using client = call.client([...how, object, 'twice', '100', `${COUNT}`], LIVES)
  expect((await client.exit).stdout).toBe(`connected\n${COUNT} answered, 0 ended otherwise\n`)
  using unlucky = call.client([object, 'again', '12', '3'], LIVES)
  const { stdout } = await unlucky.exit
  expect(stdout).toMatch(/^connected\n12: answered\n13: \{.*"RangeError".*"IN_NODE".*\}\n14: answered\n2 answered, 1 /)
  expect(server.served).toBe(COUNT + 3)
})

test('calls of C and of memlane are shared by servers in C and memlane', async () => {
  const object = `/${uniqueName('call')}`
  using first = call.server(['--create', object, '1000'], LIVES)
  await first.line('joined')
  using client = call.client(['--parallel', '32', object, 'again', '100', `${COUNT}`], LIVES)
  await client.line('connected')
  await using server = serveSamples(object)
  using other = await connect(object, Samples)
  const answers = await Promise.all(range(100, 2000).map((number) => other.again(sampleOf(number))))
  expect(answers.map(({ number }) => number)).toEqual(range(100, 2000).map((number) => 2 * number))
  expect((await client.exit).stdout).toBe(`connected\n${COUNT} answered, 0 ended otherwise\n`)
  expect((await first.exit).stdout).toBe('joined\n1000 calls, 0 given up\n')
  expect(server.served).toBe(COUNT + 1000)
})

test('C answers C', async () => {
  const object = `/${uniqueName('call')}`
  using server = call.server(['--create', object, '5101'], LIVES)
  await server.line('joined')
  using first = call.client(['--parallel', '8', object, 'twice', '100', '5000'], LIVES)
  expect((await first.exit).stdout).toBe('connected\n5000 answered, 0 ended otherwise\n')
  using second = call.client(['--parallel', '3', object, 'upTo', '100', '101'], LIVES)
  expect((await second.exit).stdout).toBe('connected\n101 answered, 0 ended otherwise\n')
  expect((await server.exit).stdout).toBe('joined\n5101 calls, 0 given up\n')
})

test('parts that C streams reach memlane, and parts that memlane streams reach C', async () => {
  const object = `/${uniqueName('call')}`
  using server = call.server(['--create', object, '4'], LIVES)
  await server.line('joined')
  using client = await connect(object, Samples)
  for (const count of [0, 1, 1000]) {
    let next = 0
    for await (const part of client.upTo(sampleOf(count))) {
      expect([part.number, isSample(part)]).toEqual([next++, true])
    }
    expect(next).toBe(count)
  }
  await expect(client.upTo(sampleOf(13)).next()).rejects.toThrow('13 brings bad luck')
  expect((await server.exit).stdout).toBe('joined\n4 calls, 0 given up\n')
  await using successor = serveSamples(object)
  using reader = call.client([object, 'upTo', '10', '300'], LIVES)
  const { stdout } = await reader.exit
  expect(stdout).toMatch(/^connected\n13: \{.*13 brings bad luck.*\}\n299 answered, 1 ended otherwise\n$/)
  expect(successor.served).toBe(300)
})

test('a stream that memlane leaves is given up by C', async () => {
  const object = `/${uniqueName('call')}`
  using server = call.server(['--create', object, '2'], LIVES)
  await server.line('joined')
  using client = await connect(object, Samples)
  for await (const { number } of client.upTo(sampleOf(1_000_000))) if (number === 10) break
  expect((await client.twice(sampleOf(4))).number).toBe(8)
  expect((await server.exit).stdout).toBe('joined\n2 calls, 1 given up\n')
})

test('the death of a server in C fails its call with DIED, and an idempotent one goes to memlane', async () => {
  const object = `/${uniqueName('call')}`
  using first = call.server(['--create', '--hold', '1', object, '9'], LIVES)
  await first.line('joined')
  using client = await connect(object, Samples, { waitStrategy: 'park' })
  const lost = expect(client.twice(sampleOf(1))).rejects.toMatchObject({ code: 'DIED', taken: true })
  await first.line('holds')
  first.kill('SIGKILL')
  await lost
  using second = call.server(['--hold', '1', object, '9'], LIVES)
  await second.line('joined')
  const again = client.again(sampleOf(2))
  await second.line('holds')
  await using heir = serveSamples(object)
  await setTimeout(50)
  second.kill('SIGKILL')
  expect((await again).number).toBe(4)
  expect(heir.served).toBe(1)
})

test('a client in C learns that its server has died, and an idempotent call goes from memlane to C', async () => {
  const object = `/${uniqueName('call')}`
  using first = call.server(['--create', '--hold', '1', object, '9'], LIVES)
  await first.line('joined')
  using loser = call.client([object, 'twice', '5', '1'], LIVES)
  await first.line('holds')
  await asleep(object, SLEEPING_CLIENTS)
  first.kill('SIGKILL')
  expect((await loser.exit).stdout).toBe('connected\n5: died\n0 answered, 1 ended otherwise\n')
  const held: (() => void)[] = []
  const never = () => new Promise<Infer<typeof Sample>>((resolve) => held.push(() => resolve(sampleOf(0))))
  const server = serve(object, Samples, { ...handlers, again: never })
  using client = call.client([object, 'again', '6', '1'], LIVES)
  while (held.length === 0) await setTimeout(1)
  using heir = call.server([object, '1'], LIVES)
  await heir.line('joined')
  await server.close({ timeoutMs: 0 })
  expect((await client.exit).stdout).toBe('connected\n6: answered\n1 answered, 0 ended otherwise\n')
  expect((await heir.exit).stdout).toBe('joined\n1 calls, 0 given up\n')
})

test('a call that memlane cancels while C has it is given up by C, and its slot is used again', async () => {
  const object = `/${uniqueName('call')}`
  using server = call.server(['--create', '--hold', '1', object, '101'], LIVES)
  await server.line('joined')
  using client = await connect(object, Samples)
  const controller = new AbortController()
  const cancelled = expect(client.twice(sampleOf(1), { signal: controller.signal })).rejects.toThrow('enough')
  await server.line('holds')
  const late = expect(client.twice(sampleOf(2), { timeoutMs: 20 })).rejects
  await late.toMatchObject({ code: 'TIMED_OUT', taken: false })
  controller.abort(new Error('enough'))
  await cancelled
  server.write('x')
  const answers = await Promise.all(range(100, 100).map((number) => client.twice(sampleOf(number))))
  expect(answers.length).toBe(100)
  expect((await server.exit).stdout).toBe('joined\nholds\n101 calls, 1 given up\n')
})

test('calls that C cancels reach the signals of memlane, or no handler at all', async () => {
  const object = `/${uniqueName('call')}`
  let begun = 0
  const aborted: unknown[] = []
  await using server = serve(
    object,
    Samples,
    {
      ...handlers,
      twice: (_, { signal }) => {
        begun++
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push(signal.reason)
            reject(signal.reason)
          })
        })
      },
    },
    { concurrency: 2 },
  )
  using client = call.client(['--cancel', '--parallel', '3', object, 'twice', '1', '3'], LIVES)
  await client.line('sent')
  while (begun < 2) await setTimeout(1)
  client.write('x')
  const { stdout } = await client.exit
  expect(stdout.split('\n').slice(2, 5).sort()).toEqual([
    '1: given up, taken',
    '2: given up, taken',
    '3: given up, not taken',
  ])
  while (aborted.length < 2) await setTimeout(1)
  using impatient = call.client(['--timeout', '30', object, 'twice', '7', '1'], LIVES)
  expect((await impatient.exit).stdout).toMatch(/^connected\n7: (given up, taken|late|.*TIMED_OUT.*)\n/)
  expect(server.running).toBeLessThanOrEqual(1)
})

test('a client in C that is killed leaves no call behind', async () => {
  const object = `/${uniqueName('call')}`
  using server = call.server(['--create', '--hold', '1', object, '2'], LIVES)
  await server.line('joined')
  using victim = call.client(['--cancel', '--parallel', '5', object, 'twice', '1', '5'], LIVES)
  await victim.line('sent')
  await server.line('holds')
  victim.kill('SIGKILL')
  await victim.exit
  using client = await connect(object, Samples) // in the same place
  server.write('x')
  expect((await client.twice(sampleOf(4))).number).toBe(8)
  expect((await server.exit).stdout).toBe('joined\nholds\n2 calls, 1 given up\n')
})
