import type { Peer } from '../peer.js'
import { nodeCommand } from '../trial.js'

/** The programs in ../natural/ that play hub and spoke, by variant. */
export const pairs: Readonly<Record<string, readonly [hub: string, spoke: string]>> = {
  'claim and poll': ['ask.ts', 'answer.ts'],
  'all in one loop': ['ask-in-one-loop.ts', 'answer-in-one-loop.ts'],
  await: ['ask-await.ts', 'answer-await.ts'],
  'await, park': ['ask-await.ts', 'answer-await.ts'],
  'await, spin': ['ask-await.ts', 'answer-await.ts'],
  'await, JSON': ['ask-await.ts', 'answer-await.ts'],
  'one by one': ['send.ts', 'receive.ts'],
  'fillBatch of 64': ['send-batches.ts', 'receive.ts'],
  'trySend, poll': ['send-objects.ts', 'receive.ts'],
  'trySend, tryReceive': ['send-objects.ts', 'receive-objects.ts'],
  'trySend, for await': ['send-objects.ts', 'receive-objects.ts'],
  'all bytes': ['send-bytes.ts', 'receive-bytes.ts'],
  'first 8 bytes': ['send-blocks.ts', 'receive-blocks.ts'],
}

/** memlane in programs as README and the guides write them. Only suites that name its variants measure it. */
export const natural: Peer = {
  name: 'natural',
  summary: 'memlane, in programs as README and the guides write them (src/natural/)',
  variants: {},
  command: (trial) => nodeCommand('../natural/pair.trial.ts', import.meta.url, [JSON.stringify(trial)]),
}
