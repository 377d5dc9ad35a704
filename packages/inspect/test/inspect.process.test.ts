import { capabilities } from '@memlane/core'
import { uniqueName } from '@memlane/testing'
import { QueuePeer } from '@memlane/testing/queue-peer'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { describe, expect, it } from 'vitest'
import { inspect } from '../src/index.js'

/** Windows cannot stop a process by a signal, and memlane learns there who holds a lease, but nothing else of the process. */
const onLinux = capabilities.tellsHolders

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('a look at other processes', () => {
  it('finds a consumer that sleeps, one that is stopped and for whom a producer waits, and a producer that died', async () => {
    const name = uniqueName('stuck')
    await using producer = new StreamPeer()
    await using consumer = new StreamPeer()
    await producer.call('create', name)
    await consumer.call('open', name)
    void consumer.call('consume', 'receive')
    const find = () => {
      const found = inspect(name)
      if (found.shape !== 'stream') throw new Error('it is a stream')
      return found
    }
    // A look does not wake a sleeper: its mark stays.
    await until(() => (find().consumers[0]?.asleep ? true : undefined))
    for (let look = 0; look < 5; look++) expect(find().consumers[0]?.asleep).toBe(true)
    const { pid } = consumer.child
    expect(find().findings).toEqual([])
    if (onLinux) {
      expect(find()).toMatchObject({
        producers: [{ pid: producer.child.pid, command: expect.stringContaining('stream-peer'), stopped: false }],
        consumers: [{ pid }],
      })
      consumer.child.kill('SIGSTOP')
      void producer.call('produce', 'send', 5000)
      const { findings, producers } = await until(() =>
        find().findings.length >= 2 && find().producers[0]?.asleep ? find() : undefined,
      )
      expect(findings).toMatchObject([
        {
          code: 'BLOCKED_PRODUCER',
          severity: 'error',
          participant: { role: 'producer', slot: 0, pid: producer.child.pid },
          waitsFor: [{ role: 'consumer', slot: 0, pid }],
        },
        { code: 'STOPPED_PARTICIPANT', severity: 'warning', participant: { role: 'consumer', slot: 0, pid } },
      ])
      expect(producers[0]?.heldBytes).toBeGreaterThan(61_440)
      consumer.child.kill('SIGCONT')
      await until(() => (find().findings.length === 0 ? true : undefined))
    }
    await producer.kill()
    const dead = await until(() => find().findings.find(({ code }) => code === 'DEAD_PARTICIPANT'))
    expect(dead).toMatchObject({ severity: 'warning', participant: { role: 'producer', slot: 0 } })
  })

  it('finds a queue that is full, and for whom its producer waits', async () => {
    const name = uniqueName('full')
    await using producer = new QueuePeer()
    await using consumer = new QueuePeer()
    await producer.call('create', name, { capacity: 4 })
    void producer.call('send', 0, 10)
    const find = (code: string) => until(() => inspect(name).findings.find((finding) => finding.code === code))
    expect(await find('FULL_QUEUE')).toMatchObject({
      severity: 'error',
      participant: { role: 'producer' },
      waitsFor: [],
    })
    expect(await find('NO_CONSUMERS')).toMatchObject({ severity: 'warning' })
    await consumer.call('open', name)
    await consumer.call('hold', 4)
    const waits = { severity: 'warning', waitsFor: [{ role: 'consumer', slot: 0 }] }
    expect(await find('FULL_QUEUE')).toMatchObject(waits)
    expect(inspect(name)).toMatchObject({ consumers: [{ taken: 4 }], figures: { taken: 4, ready: 0 } })
    await consumer.kill()
    expect(await find('DEAD_PARTICIPANT')).toMatchObject({ participant: { role: 'consumer', slot: 0 } })
  })
})
