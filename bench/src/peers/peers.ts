import type { Peer } from '../peer.js'
import { floor } from './floor.js'
import { natural } from './natural.js'
import { nodePeers } from './node-peers.js'
import { bun, deno } from './other-runtimes.js'

/** All peers, in the order of the tables. */
export const peers: readonly Peer[] = [floor, natural, ...nodePeers, bun, deno]
