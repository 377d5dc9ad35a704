/** Replaces protocol's module of ordered accesses in victims. It does the same, and each store is a crash point. */

import { KIND_MASK, KIND_MESSAGE, MORE } from '../../../packages/protocol/src/lane/record.js'
import * as atomics from '../../../packages/protocol/src/memory/atomics.js'
import { crashPoints } from './crash-point.js'

export {
  loadAfterCopy,
  loadAfterCopyInOrder,
  loadBaseAfterCopy,
  loadBeforeCopy,
  loadBeforeCopyInOrder,
  loadCommit,
  loadCommitInOrder,
  loadMagic,
  loadMask,
  loadMaskInOrder,
  loadOwn,
  loadOwned,
  loadSlot,
  loadTail,
  loadWideBase,
  wordsOf,
} from '../../../packages/protocol/src/memory/atomics.js'

function counted<Arguments extends unknown[], Result>(
  store: (...args: Arguments) => Result,
  publishes: (...args: Arguments) => boolean = () => false,
): (...args: Arguments) => Result {
  return (...args) => crashPoints.pass(store.name, () => store(...args), publishes(...args))
}

/** Padding is no message, but padding with MORE publishes the messages after it. */
function publishesMessage(_words: Int32Array, _index: number, commit: number): boolean {
  return (commit & KIND_MASK) === KIND_MESSAGE || (commit & MORE) !== 0
}

export const publishAndLook: typeof atomics.publishAndLook = counted(atomics.publishAndLook, publishesMessage)
export const publishAndLookInOrder: typeof atomics.publishAndLook = counted(
  atomics.publishAndLookInOrder,
  publishesMessage,
)
export const publishVersion: typeof atomics.publishVersion = counted(atomics.publishVersion, () => true)
export const publishVersionInOrder: typeof atomics.publishVersion = counted(atomics.publishVersionInOrder, () => true)
export const storeBeforeWrites: typeof atomics.storeBeforeWrites = counted(atomics.storeBeforeWrites)
export const storeAfterWrites: typeof atomics.storeAfterWrites = counted(atomics.storeAfterWrites, () => true)
export const publishMagic: typeof atomics.publishMagic = counted(atomics.publishMagic)
export const storeOwned: typeof atomics.storeOwned = counted(atomics.storeOwned)
export const storeRelease: typeof atomics.storeRelease = counted(atomics.storeRelease)
export const storeReleaseInOrder: typeof atomics.storeRelease = counted(atomics.storeReleaseInOrder)
export const setBits: typeof atomics.setBits = counted(atomics.setBits)
export const takeBits: typeof atomics.takeBits = counted(atomics.takeBits)
export const clearBits: typeof atomics.clearBits = counted(atomics.clearBits)
export const countUp: typeof atomics.countUp = counted(atomics.countUp)
export const announceBase: typeof atomics.announceBase = counted(atomics.announceBase)
export const announceWideBase: typeof atomics.announceWideBase = counted(atomics.announceWideBase)
/** It also acknowledges messages. */
export const changeSlot: typeof atomics.changeSlot = counted(atomics.changeSlot, () => true)
export const storeSlot: typeof atomics.storeSlot = counted(atomics.storeSlot)
export const publishTail: typeof atomics.publishTail = counted(atomics.publishTail, () => true)
