import type { Peer } from '../peer.js'
import type { Roles } from '../roles/roles.js'
import { nodeCommand } from '../trial.js'

/** A peer whose hub and spokes run in Node. */
export interface NodePeer extends Peer {
  readonly roles: Roles
}

export function nodePeer(peer: Omit<NodePeer, 'command'>): NodePeer {
  return {
    ...peer,
    command: (trial) => nodeCommand('../roles/endpoint.trial.ts', import.meta.url, ['hub', JSON.stringify(trial)]),
  }
}
