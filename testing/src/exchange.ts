import type { Peer } from './peer.js'

/** How the messages are sent, how they are read, and how both sides wait. */
const WAYS: readonly [sending: string, reading: string, waitStrategy: string][] = [
  ['send', 'receive', 'park'],
  ['sendBatch', 'batches', 'adaptive'],
  ['claim', 'poll', 'adaptive'],
  ['fillBatch', 'pollSync', 'park'],
  ['sendSync', 'iterate', 'park'],
]

/**
 * Sends 5,000 messages from one peer to another through a new stream, in each way of sending, reading and waiting. Returns the names
 * of the ways in which not all messages came, or the end was not seen.
 */
export async function exchangeInAllWays(producer: Peer, consumer: Peer, name: string): Promise<string[]> {
  const failed: string[] = []
  for (const [sending, reading, waitStrategy] of WAYS) {
    await producer.call('create', name, { capacity: 65_536, waitStrategy })
    await producer.call('become', 1)
    await consumer.call('open', name, { waitStrategy })
    const all = consumer.call('consume', reading)
    const sent = await producer.call('produce', sending, 5000)
    await producer.call('flush')
    await producer.call('closeWriter')
    const received = JSON.stringify(await all)
    await consumer.call('closeReader')
    const expected = JSON.stringify({ end: 'closed', count: 5000, authors: { 1: [0, 4999] } })
    if (sent !== 5000 || received !== expected)
      failed.push(`${sending}, ${reading}: sent ${sent}, received ${received}`)
  }
  return failed
}
