import type { Doorbell } from '@memlane/core'

/** What a participant waits for. */
export interface WaitCondition {
  /** Tells whether it is there. Must not block. Called very often. */
  isThere(): boolean
  /**
   * Has the bell ring when any of the peers dies that can bring it about. Called before each sleep with the bell; called without
   * a bell now and then while nobody sleeps, and at a timeout: then it only checks which peers live.
   *
   * @returns true if a peer is dead already: then check again
   */
  watchPeers(bell: Doorbell | undefined): boolean
  /**
   * Tells whether somebody has become a peer since `watchPeers`: nobody would hear of its death. Called after the last check
   * before a sleep, because that check may already depend on the new peer.
   */
  hasNewPeer?(): boolean
}

/** At a timeout: checks once more, and asks the kernel whether the peers live without which it will never come. */
export function isThereOrOver(condition: WaitCondition): boolean {
  return condition.isThere() || (condition.watchPeers(undefined) && condition.isThere())
}
