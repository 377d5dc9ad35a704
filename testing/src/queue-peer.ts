import { SharedMemory } from '@memlane/core'
import { afterAll } from 'vitest'
import type { FixtureOptions } from './fixture.js'
import { Peer } from './peer.js'

// If the last participant of a queue was killed, its files stay until a process lists or opens memory.
afterAll(() => {
  SharedMemory.list()
})

/** Another process that is a producer or a consumer of a queue: see fixtures/queue-peer.child.ts for its verbs. */
export class QueuePeer extends Peer {
  constructor(options?: FixtureOptions) {
    super(new URL('../fixtures/queue-peer.child.ts', import.meta.url), { timeoutMs: 60_000, ...options })
  }
}
