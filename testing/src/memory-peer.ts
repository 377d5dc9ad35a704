import type { FixtureOptions } from './fixture.js'
import { Peer } from './peer.js'

/** Another process that uses shared memory: see fixtures/memory-peer.child.ts for its verbs. */
export class MemoryPeer extends Peer {
  constructor(options?: FixtureOptions) {
    super(new URL('../fixtures/memory-peer.child.ts', import.meta.url), options)
  }
}
