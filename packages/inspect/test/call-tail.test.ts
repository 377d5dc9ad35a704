import { inPlace, serve } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { connect } from '@memlane/producer'
import { api, call, payload, stream, struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { seed } from '@memlane/testing/seed'
import { describe, expect, it } from 'vitest'
import { openTail, type Tail } from '../src/index.js'

const Order = struct('Order', { id: u32 })
const Api = api('Orders', {
  double: call(Order, Order),
  hold: call(payload.json(), payload.json()),
  list: call(Order, stream(Order)),
})

type Seen = [kind: string, procedure: string | undefined, sequence: number, value: unknown]

/** Everything that passes until nothing more has come for some milliseconds. */
async function read(tail: Tail): Promise<Seen[]> {
  const seen: Seen[] = []
  for (let quiet = 0; quiet < 3; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 3))
    const count = tail.poll(({ kind, procedure, sequence, value }) => seen.push([kind, procedure, sequence, value]))
    if (count > 0) quiet = -1
  }
  return seen
}

function start(name: string) {
  const held: ((value: unknown) => void)[] = []
  const server = serve(
    name,
    Api,
    {
      double: inPlace(({ id }, context) => {
        if (id === 13) throw Object.assign(new RangeError('unlucky'), { code: 'THIRTEEN' })
        context.reply().id = 2 * id
      }),
      hold: (_, { signal }) =>
        new Promise((resolve, reject) => {
          held.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
      async *list({ id }) {
        for (let n = 0; n < id; n++) yield { id: n }
      },
    },
    { capacity: 4 },
  )
  return { server, held }
}

describe('a tail of calls', () => {
  it('sees requests, answers and errors, of open calls and of those that were answered before it looked', async () => {
    const name = uniqueName('tail')
    const { server, held } = start(name)
    const client = await connect(name, Api)
    await client.double({ id: 1 })
    using tail = openTail(name)
    await client.double({ id: 2 })
    expect(await read(tail)).toEqual([
      ['request', 'double', 1, { id: 2 }],
      ['answer', 'double', 1, { id: 4 }],
    ])
    const pending = client.hold({ a: 'b' })
    expect(await read(tail)).toEqual([['request', 'hold', 2, { a: 'b' }]])
    await expect(client.double({ id: 13 })).rejects.toThrow('unlucky')
    held[0]?.([1, 2])
    await pending
    expect((await read(tail)).sort()).toEqual([
      ['answer', 'hold', 2, [1, 2]],
      ['failure', 'double', 3, { name: 'RangeError', message: 'unlucky', code: 'THIRTEEN' }],
      ['request', 'double', 3, { id: 13 }],
    ])
    const ids: number[] = []
    for await (const { id } of client.list({ id: 3 })) ids.push(id)
    expect(await read(tail)).toEqual([
      ['request', 'list', 4, { id: 3 }],
      ['answer', 'list', 4, undefined],
    ])
    const aborted = new AbortController()
    const given = client.hold('x', { signal: aborted.signal })
    expect(await read(tail)).toMatchObject([['request', 'hold', 5, 'x']])
    aborted.abort()
    await expect(given).rejects.toThrow()
    expect(await read(tail)).toMatchObject([['failure', 'hold', 5, { code: 'GIVEN_UP' }]])
    expect(tail.missed).toBe(0)
    client.close()
    await server.close()
  })

  it('counts calls that pass unseen, and shows no request that is being replaced', async () => {
    const name = uniqueName('tail')
    const { server } = start(name)
    const client = await connect(name, Api)
    using tail = openTail(name)
    const requests: number[] = []
    const answers: number[] = []
    for (let id = 1000; id < 3000; id++) {
      await client.double({ id })
      if (id % 7 !== 0) continue
      tail.poll(({ kind, value, sequence }) => {
        expect((value as { id: number }).id).toBe((1000 + sequence) * (kind === 'answer' ? 2 : 1))
        ;(kind === 'answer' ? answers : requests).push(sequence)
      })
    }
    const rest = await read(tail)
    expect(rest.at(-1)).toEqual(['answer', 'double', 1999, { id: 2 * 2999 }])
    expect(tail.missed).toBeGreaterThan(1000)
    expect(requests.length + rest.filter(([kind]) => kind === 'request').length + tail.missed).toBe(2000)
    client.close()
    await server.close()
  })

  it('leaves every byte as it is', async () => {
    const name = uniqueName('tail')
    const { server } = start(name)
    const client = await connect(name, Api)
    using tail = openTail(name)
    const pending = client.hold('x').catch(() => {})
    await client.double({ id: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    using memory = SharedMemory.open(name, { access: 'read' })
    const before = memory.bytes.slice()
    expect(await read(tail)).toHaveLength(3)
    expect(Buffer.compare(memory.bytes, before)).toBe(0)
    client.close()
    await pending
    await server.close()
  })

  it(`bears any bytes (seed ${seed})`, async () => {
    const random = randomFrom(seed)
    const name = uniqueName('tail')
    const { server } = start(name)
    const client = await connect(name, Api)
    using tail = openTail(name)
    await client.double({ id: 1 })
    client.close()
    await server.close({ timeoutMs: 0 }).catch(() => {})
    using memory = SharedMemory.open(name)
    const words = new Uint32Array(memory.buffer)
    for (let change = 0; change < 20_000; change++) {
      const index = 128 / 4 + Math.floor(random() * (16_384 / 4))
      words[index] = random() < 0.5 ? Math.floor(random() * 2 ** 32) : Math.floor(random() * 200)
      tail.poll((message) => message.bytes())
    }
  })
})
