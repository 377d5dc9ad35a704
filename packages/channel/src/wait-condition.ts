import type { Doorbell } from '@memlane/core'

/** What a participant waits for: a message, or room, for example. */
export interface WaitCondition {
  /** Tells whether the condition is true. Must not block. Called very often. */
  isThere(): boolean
  /**
   * A quicker check, for looks, if `isThere` takes long. If it is there, the look ends, although another participant may have been
   * faster. If it is not, the condition may still be true: the look calls `isThere` once at its end.
   */
  readonly quick?: Pick<WaitCondition, 'isThere'>
  /** True if `isThere` asks the kernel. Then a wait does not look: it would take too long. */
  readonly asksKernel?: boolean
  /**
   * Makes the bell ring when a peer dies that could make the condition true. Called with the bell before each sleep. Called
   * without a bell at intervals during a wait without sleep, and at a timeout: then it only checks which peers live.
   *
   * @returns true if a peer is dead already: then the caller must check the condition again
   */
  watchPeers(bell: Doorbell | undefined): boolean
  /**
   * Tells whether there is a new peer since `watchPeers`. The bell would not ring at the death of a new peer. Called after the
   * last check before a sleep, because that check may already depend on the new peer.
   */
  hasNewPeer?(): boolean
}

/** For a timeout: checks once more. Also asks the kernel which peers live, because a death can make the condition true. */
export function isThereOrOver(condition: WaitCondition): boolean {
  return condition.isThere() || (condition.watchPeers(undefined) && condition.isThere())
}
