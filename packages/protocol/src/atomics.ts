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
  // SYNC: pairs with loadAfterCopy in copyConsistent; the load waits for the store and holds back what follows: prevents
  // new bytes from being seen under the old version.
  Atomics.load(words, index)
}

/** Stores a version word after the bytes that it vouches for were changed. */
export function storeAfterWrites(words: Int32Array, index: number, version: number): void {
  // SYNC: pairs with loadBeforeCopy in copyConsistent; prevents the new version from being seen before its bytes.
  Atomics.store(words, index, version)
}

/** Loads a word that only this process writes. */
export function loadOwn(words: Int32Array, index: number): number {
  // SYNC: pairs with storeAfterWrites of the writer before this one; prevents starting from an outdated version.
  return Atomics.load(words, index)
}

/** Makes a record visible, with everything that was stored before. */
export function publishCommit(words: Int32Array, index: number, commit: number): void {
  // SYNC: pairs with loadCommit in LaneReader.next; prevents the record from being seen before its payload, its sequence
  // and the zero behind it.
  Atomics.store(words, index, commit)
}

/** Looks whether a record is there. */
export function loadCommit(words: Int32Array, index: number): number {
  // SYNC: pairs with publishCommit in LaneWriter; prevents the payload from being read before the commit word.
  return Atomics.load(words, index)
}
