import { SharedMemory } from '@memlane/core'
import { afterAll } from 'vitest'
import type { FixtureOptions } from './fixture.js'
import { Peer } from './peer.js'

// If the last participant of a stream was killed, its files stay until a process lists or opens memory.
afterAll(() => {
  SharedMemory.list()
})

/** Another process that is a producer or a consumer: see fixtures/stream-peer.child.ts for its verbs. */
export class StreamPeer extends Peer {
  constructor(options?: FixtureOptions) {
    super(new URL('../fixtures/stream-peer.child.ts', import.meta.url), { timeoutMs: 60_000, ...options })
  }
}
