/**
 * Every ordered access to shared memory. Atomics are sequentially consistent; the plain loads and stores around them
 * (DataView, Uint8Array.set) are not, and a processor with weak ordering, as arm64, moves them: forward past an atomic
 * load, and back past an atomic store, never the other way. The functions below close those two gaps.
 */

/** A word of this module's own: a reader's fence has to work without the right to write to the mapping. */
const fenceWord = new Int32Array(1)

/**
 * Returns the whole words of a buffer, for the functions below. What remains behind the last multiple of 4 bytes is left
 * out. Allocates.
 */
export function wordsOf(buffer: ArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, buffer.byteLength >>> 2)
}

/** Loads a version word before the bytes that it vouches for are copied. */
export function loadBeforeCopy(words: Int32Array, index: number): number {
  // SYNC: pairs with storeAfterWrites in update; prevents the copy from being older than the version.
  return Atomics.load(words, index)
}

/** Loads a version word after the bytes that it vouches for were copied. */
export function loadAfterCopy(words: Int32Array, index: number): number {
  // SYNC: pairs with storeBeforeWrites in update; a fence (an atomic store waits for all earlier loads, and no later
  // atomic load passes it), prevents loads of the copy from being delayed past the load of the version.
  Atomics.store(fenceWord, 0, 0)
  return Atomics.load(words, index)
}

/** Stores a version word before the bytes that it vouches for are changed. */
export function storeBeforeWrites(words: Int32Array, index: number, version: number): void {
  Atomics.store(words, index, version)
  // SYNC: pairs with loadAfterCopy in copyUnchanged; the load waits for the store and holds back what follows: prevents
  // new bytes from being seen under the old version.
  Atomics.load(words, index)
}

/** Stores a version word after the bytes that it vouches for were changed. */
export function storeAfterWrites(words: Int32Array, index: number, version: number): void {
  // SYNC: pairs with loadBeforeCopy in copyUnchanged; prevents the new version from being seen before its bytes.
  Atomics.store(words, index, version)
}

/** Loads a word that only this process writes. */
export function loadOwn(words: Int32Array, index: number): number {
  // SYNC: pairs with storeAfterWrites of the writer before this one; prevents starting from an outdated version.
  return Atomics.load(words, index)
}

/**
 * Makes a record visible, with everything that was stored before, and then looks at a mask of sleepers.
 *
 * Of this and of the three functions that have a twin `...InOrder`, who uses them takes one or the other when it is made: a
 * choice at each access would take longer than the access, and leave V8 less to inline (see outOfLine).
 */
export function publishAndLook(words: Int32Array, index: number, commit: number, sleeping: Int32Array): number {
  // SYNC: pairs with loadCommit in LaneReader.nextMessage; prevents the record from being seen before its payload, its
  // sequence and the zero behind it.
  Atomics.store(words, index, commit)
  // SYNC: as in loadMask.
  return Atomics.load(sleeping, 0)
}

/**
 * As publishAndLook, by a plain store and a plain load: the processor keeps stores in order (x64), and so does V8; the look may
 * come before the store, and whoever sets a bit of the mask sees to that by a barrier.
 */
export function publishAndLookInOrder(words: Int32Array, index: number, commit: number, sleeping: Int32Array): number {
  // SYNC: pairs with loadCommitInOrder, by the processor's own order, and with the barrier of Doze.orderBehindMark; prevents
  // what publishAndLook does.
  words[index] = commit
  return sleeping[0] as number
}

/**
 * Looks whether a record is there.
 *
 * @param more not 0 where it is known to be, and everything in it: then a plain load is enough
 */
export function loadCommit(words: Int32Array, index: number, more: number): number {
  // SYNC: pairs with publishAndLook in LaneWriter; prevents the payload from being read before the commit word.
  return more === 0 ? Atomics.load(words, index) : (words[index] as number)
}

/** As loadCommit, by a plain load: the processor keeps loads in order (x64), behind the atomic store of a sleeper's mark, too. */
export function loadCommitInOrder(words: Int32Array, index: number, _more: number): number {
  // SYNC: as in loadCommit, by the processor's own order.
  return words[index] as number
}

/** Declares a channel ready: its header and its slots are complete. */
export function publishMagic(words: Int32Array, index: number, magic: number): void {
  // SYNC: pairs with loadMagic in readChannelHeader; prevents a header from being read before it is whole.
  Atomics.store(words, index, magic)
}

/** Looks whether a channel is ready. */
export function loadMagic(words: Int32Array, index: number): number {
  // SYNC: pairs with publishMagic in writeChannelHeader; prevents header fields from being read before the magic word.
  return Atomics.load(words, index)
}

/** Stores a word of a slot that only the slot's owner writes. */
export function storeOwned(words: Int32Array, index: number, value: number): void {
  // SYNC: pairs with loadOwned of the others; prevents what was stored before (a lane's records, a slot's other words)
  // from being seen after it. Also the first half of each "announce, then look again": see loadOwned and loadMask.
  Atomics.store(words, index, value)
}

/** Stores how far a consumer has come in a lane. */
export function storeRelease(words: Int32Array, index: number, position: number): void {
  // SYNC: pairs with loadOwned in heldBytes; prevents the room from being overwritten before all of it was read.
  Atomics.store(words, index, position)
}

/** As storeRelease, by a plain store, as publishAndLookInOrder: the look at who sleeps that follows may come before it. */
export function storeReleaseInOrder(words: Int32Array, index: number, position: number): void {
  // SYNC: as in storeRelease, and with the barrier of Doze.orderBehindMark.
  words[index] = position
}

/** Loads a word of another's slot. */
export function loadOwned(words: Int32Array, index: number): number {
  // SYNC: pairs with storeOwned; prevents what follows from being read before it.
  return Atomics.load(words, index)
}

/** Sets bits of a mask that several participants change, each its own bit. */
export function setBits(words: Int32Array, index: number, bits: number): void {
  // SYNC: pairs with loadMask; prevents the look that follows (at lanes, at a base) from being done before the bit is
  // there for all to see: a sleeper is rung for, a joiner is waited for.
  Atomics.or(words, index, bits)
}

/** Adds one to a counter that several participants change. */
export function countUp(words: Int32Array, index: number): void {
  // SYNC: pairs with loadMask; prevents a lane from being overlooked that has opened and closed between two looks.
  Atomics.add(words, index, 1)
}

/** Clears bits of a mask that several participants change. */
export function clearBits(words: Int32Array, index: number, bits: number): void {
  // SYNC: pairs with loadMask; prevents the owner's last stores from being seen after its bit has gone.
  Atomics.and(words, index, ~bits)
}

/** Loads a mask: who lives, whose lane is active, who sleeps. */
export function loadMask(words: Int32Array, index: number): number {
  // SYNC: pairs with setBits; being later in the one order of all atomics than the caller's own publishing store, it sees
  // every bit whose owner did not see that store. Prevents a lost wake-up, and a joiner overlooked.
  return Atomics.load(words, index)
}

/**
 * As loadMask, by a plain load: for a look after publishAndLookInOrder, where the owner of the bit brings the barrier that this
 * saves, and on processors that keep loads in order (x64).
 */
export function loadMaskInOrder(words: Int32Array, index: number): number {
  // SYNC: as in loadMask, with the barrier of Doze.orderBehindMark.
  return words[index] as number
}

/** Announces the oldest record that will stay, before what is older is overwritten. */
export function announceBase(words: Int32Array, index: number, position: number): void {
  Atomics.store(words, index, position)
  // SYNC: pairs with loadBaseAfterCopy and loadOwned; the load waits for the store and holds back the overwriting that
  // follows: prevents new bytes from being read as an old record.
  Atomics.load(words, index)
}

/** As announceBase, in 64 bits, where a reader can fall arbitrarily behind. Allocates a bigint. */
export function announceWideBase(words: BigInt64Array, index: number, position: number): void {
  Atomics.store(words, index, BigInt(position))
  // SYNC: as in announceBase.
  Atomics.load(words, index)
}

/** Loads the low half of a base after a record was copied. The high half is to be loaded after it. */
export function loadBaseAfterCopy(words: Int32Array, index: number): number {
  // SYNC: pairs with announceWideBase; the fence prevents loads of the copy from being delayed past the load of the base.
  Atomics.store(fenceWord, 0, 0)
  return Atomics.load(words, index)
}

/**
 * Loads both halves of a base at once. Allocates a bigint. Of a base that no lane comes to, the bits that a number cannot count
 * on from are left out: a reader would stand still there, and go on for ever.
 */
export function loadWideBase(words: BigInt64Array, index: number): number {
  // SYNC: pairs with announceWideBase; prevents halves of two bases from being taken for one.
  return Number(BigInt.asUintN(53, Atomics.load(words, index)))
}
