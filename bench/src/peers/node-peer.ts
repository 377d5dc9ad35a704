import type { Peer } from '../peer.js'
import type { Roles } from '../roles/roles.js'
import { nodeCommand, type Trial } from '../trial.js'

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

/** A peer from outside, to compare memlane with: measured twice, with the smallest messages and with large ones. */
export function outsidePeer(peer: Omit<NodePeer, 'command'>): NodePeer {
  const isWorthwhile = ({ payload }: Trial) => payload === 32 || payload === 65_536
  return nodePeer({ ...peer, maxRuns: 2, isWorthwhile })
}
