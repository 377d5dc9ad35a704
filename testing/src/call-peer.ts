import { SharedMemory } from '@memlane/core'
import { afterAll } from 'vitest'
import type { FixtureOptions } from './fixture.js'
import { Peer } from './peer.js'

// If the last participant was killed, its files stay until a process lists or opens memory.
afterAll(() => {
  SharedMemory.list()
})

/** Another process that is a server or a client of calls: see fixtures/call-peer.child.ts for its verbs. */
export class CallPeer extends Peer {
  constructor(options?: FixtureOptions) {
    super(new URL('../fixtures/call-peer.child.ts', import.meta.url), { timeoutMs: 60_000, ...options })
  }
}
