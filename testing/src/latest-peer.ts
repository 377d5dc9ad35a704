import { SharedMemory } from '@memlane/core'
import { afterAll } from 'vitest'
import type { FixtureOptions } from './fixture.js'
import { Peer } from './peer.js'

// If the last participant of a latest was killed, its files stay until a process lists or opens memory.
afterAll(() => {
  SharedMemory.list()
})

/** Another process that writes or reads a latest: see fixtures/latest-peer.child.ts for its verbs. */
export class LatestPeer extends Peer {
  constructor(options?: FixtureOptions) {
    super(new URL('../fixtures/latest-peer.child.ts', import.meta.url), { timeoutMs: 60_000, ...options })
  }
}
