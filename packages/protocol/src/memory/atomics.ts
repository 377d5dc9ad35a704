/**
 * All ordered accesses to shared memory. Atomics are sequentially consistent. The plain loads and stores around them (DataView,
 * Uint8Array.set) are not: a CPU with weak ordering, such as arm64, may do a plain access after a later atomic load, or before
 * an earlier atomic store. It does not do a plain access before an earlier atomic load, or after a later atomic store. The
 * functions below close the first two gaps.
 */

/** A word outside shared memory: a reader's fence must work without the right to write to the mapping. */
const fenceWord = new Int32Array(1)

/**
 * JavaScriptCore, the engine of Bun, compiles Atomics.load to an atomic addition of 0. That needs the right to write: on memory that
 * is mapped for reading, it ends the process.
 */
const loadsWrite = 'Bun' in globalThis

/**
 * x64 keeps loads in order, so an ordered load is a plain load there. V8 compiles Atomics.load as a call (7 to 14 ns in Node 20), and a
 * plain load of a typed array as one instruction. It does not merge such loads, because other threads may write there (V8,
 * turboshaft/assembler.h: loads of array buffers are not eliminable). JavaScriptCore may merge them.
 */
const loadsInOrder = !loadsWrite && (globalThis as { process?: { arch: string } }).process?.arch === 'x64'

type Load = (words: Int32Array, index: number) => number

/** An ordered load. */
const loadWritable: Load = loadsInOrder ? loadPlainly : loadAtomically

/** An ordered load that writes nothing. For memory that may be mapped for reading. */
const load: Load = loadsWrite ? loadBetweenFences : loadWritable

function loadAtomically(words: Int32Array, index: number): number {
  return Atomics.load(words, index)
}

function loadPlainly(words: Int32Array, index: number): number {
  return words[index] as number
}

function loadBetweenFences(words: Int32Array, index: number): number {
  Atomics.store(fenceWord, 0, 0)
  const value = words[index] as number
  Atomics.store(fenceWord, 0, 0)
  return value
}

/** Returns the 32-bit words of a buffer, for the functions below. Leaves out bytes after the last multiple of 4. Allocates. */
export function wordsOf(buffer: ArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, buffer.byteLength >>> 2)
}

/** Loads a version word before the bytes that it covers are copied. */
export function loadBeforeCopy(words: Int32Array, index: number): number {
  // SYNC: pairs with storeAfterWrites in update; prevents the copy from being older than the version.
  return load(words, index)
}

/** Loads a version word after the bytes that it covers were copied. */
export function loadAfterCopy(words: Int32Array, index: number): number {
  // SYNC: pairs with storeBeforeWrites in update; a fence (an atomic store waits for all earlier loads, and no later
  // atomic load passes it); prevents loads of the copy from being delayed past the load of the version.
  Atomics.store(fenceWord, 0, 0)
  return load(words, index)
}

/**
 * Same as loadBeforeCopy, by a plain load. For cells, on CPUs that keep loads in order (x64) and whose process publishes by
 * publishVersionInOrder.
 */
export function loadBeforeCopyInOrder(words: Int32Array, index: number): number {
  // SYNC: pairs with publishVersion and its twin, by the CPU's own order; prevents the same as in loadBeforeCopy.
  return words[index] as number
}

/** Same as loadAfterCopy, by a plain load: the CPU keeps loads in order (x64). */
export function loadAfterCopyInOrder(words: Int32Array, index: number): number {
  // SYNC: pairs with publishVersion and its twin, by the CPU's own order. The store keeps the compiler from moving a load of the copy
  // into an instruction behind it.
  fenceWord[0] = 0
  return words[index] as number
}

/** Stores a version word before the bytes that it covers are changed. */
export function storeBeforeWrites(words: Int32Array, index: number, version: number): void {
  Atomics.store(words, index, version)
  // SYNC: pairs with loadAfterCopy in copyUnchanged; the load waits for the store, and later accesses wait for the load: prevents
  // new bytes from being seen under the old version.
  Atomics.load(words, index)
}

/** Stores a version word after the bytes that it covers were changed. */
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
 * Makes a record visible, with everything that was stored before, and then loads a mask of sleepers.
 *
 * Several functions have a twin `...InOrder`. Their callers choose between the two once, when they are made: a choice at each access
 * would take longer than the access, and leave V8 less to inline (see outOfLine).
 */
export function publishAndLook(words: Int32Array, index: number, commit: number, sleeping: Int32Array): number {
  // SYNC: pairs with loadCommit in LaneReader.nextMessage; prevents the record from being seen before its payload, its
  // sequence and the zero behind it.
  Atomics.store(words, index, commit)
  // SYNC: as in loadMask.
  return Atomics.load(sleeping, 0)
}

/**
 * Same as publishAndLook, by a plain store and a plain load. The CPU keeps stores in order (x64), and so does V8. The load may
 * happen before the store, so a sleeper that sets its bit in the mask must run a barrier.
 */
export function publishAndLookInOrder(words: Int32Array, index: number, commit: number, sleeping: Int32Array): number {
  // SYNC: pairs with loadCommitInOrder, by the CPU's own order, and with the barrier of Doze.orderBehindMark; prevents
  // the same as in publishAndLook.
  words[index] = commit
  return sleeping[0] as number
}

/**
 * Makes the value of a cell visible, with everything that was stored before, and then loads a mask of sleepers. The load waits for the
 * store, and later stores wait for the load: a full fence.
 */
export function publishVersion(words: Int32Array, index: number, version: number, sleeping: Int32Array): number {
  // SYNC: pairs with loadBeforeCopy in CellReader.begin; prevents the version from being seen before its cell. Pairs with
  // loadAfterCopy in CellReader.isWhole; prevents bytes of the next cell from being seen before this version.
  Atomics.store(words, index, version)
  // SYNC: as in loadMask; and the second half of the fence.
  return Atomics.load(sleeping, 0)
}

/** Same as publishVersion, by a plain store and a plain load, as in publishAndLookInOrder: the CPU keeps stores in order (x64). */
export function publishVersionInOrder(words: Int32Array, index: number, version: number, sleeping: Int32Array): number {
  // SYNC: pairs with loadBeforeCopy and loadAfterCopy in CellReader, by the CPU's own order, and with the barrier of
  // Doze.orderBehindMark; prevents the same as in publishVersion.
  words[index] = version
  return sleeping[0] as number
}

/**
 * Loads the commit word of a record, to see whether the record is there.
 *
 * @param more not 0 if the record was published together with the one before: then a plain load is enough
 */
export function loadCommit(words: Int32Array, index: number, more: number): number {
  // SYNC: pairs with publishAndLook in LaneWriter; prevents the payload from being read before the commit word.
  return more === 0 ? load(words, index) : (words[index] as number)
}

/** Same as loadCommit, by a plain load: the CPU keeps loads in order (x64), also after the atomic store of a sleeper's mark. */
export function loadCommitInOrder(words: Int32Array, index: number, _more: number): number {
  // SYNC: as in loadCommit, by the CPU's own order.
  return words[index] as number
}

/** Declares a channel ready: its header is complete. */
export function publishMagic(words: Int32Array, index: number, magic: number): void {
  // SYNC: pairs with loadMagic in readChannelHeader; prevents a header from being read before it is whole.
  Atomics.store(words, index, magic)
}

/** Loads the magic word, to see whether a channel is ready. */
export function loadMagic(words: Int32Array, index: number): number {
  // SYNC: pairs with publishMagic in writeChannelHeader; prevents header fields from being read before the magic word.
  return load(words, index)
}

/** Stores a word of a slot that only the slot's owner writes. */
export function storeOwned(words: Int32Array, index: number, value: number): void {
  // SYNC: pairs with loadOwned of the others; prevents what was stored before (a lane's records, a slot's other words)
  // from being seen after it. Also the first half of each "announce, then check again": see loadOwned and loadMask.
  Atomics.store(words, index, value)
}

/** Stores how far a consumer has read in a lane. */
export function storeRelease(words: Int32Array, index: number, position: number): void {
  // SYNC: pairs with loadOwned in heldBytes; prevents the room from being overwritten before all of it was read.
  Atomics.store(words, index, position)
}

/** Same as storeRelease, by a plain store. As in publishAndLookInOrder, a later load of the sleepers' mask may happen before. */
export function storeReleaseInOrder(words: Int32Array, index: number, position: number): void {
  // SYNC: as in storeRelease, and with the barrier of Doze.orderBehindMark.
  words[index] = position
}

/** Loads a word of another participant's slot. */
export function loadOwned(words: Int32Array, index: number): number {
  // SYNC: pairs with storeOwned; prevents what follows from being read before it.
  return load(words, index)
}

/** Sets bits of a mask that several participants change, each its own bit. */
export function setBits(words: Int32Array, index: number, bits: number): void {
  // SYNC: pairs with loadMask; prevents the check that follows (of lanes, of a base) from happening before the bit is visible to
  // all: other participants ring a sleeper, and wait for a joining consumer.
  Atomics.or(words, index, bits)
}

/** Adds one to a counter that several participants change. */
export function countUp(words: Int32Array, index: number): void {
  // SYNC: pairs with loadMask; prevents a consumer from overlooking a lane that has opened and closed between two checks.
  Atomics.add(words, index, 1)
}

/** Clears bits of a mask that several participants change. */
export function clearBits(words: Int32Array, index: number, bits: number): void {
  // SYNC: pairs with loadMask; prevents the owner's last stores from being seen after its bit has gone.
  Atomics.and(words, index, ~bits)
}

/** Loads a mask: of live consumers, active lanes, or sleepers. */
export function loadMask(words: Int32Array, index: number): number {
  // SYNC: pairs with setBits; in the single order of all atomics, it comes after the caller's own publishing store. So it sees
  // every bit whose owner did not see that store. Prevents a lost wake-up, and an overlooked joining consumer.
  return load(words, index)
}

/**
 * Same as loadMask, by a plain load. For use after publishAndLookInOrder, where the owner of the bit runs the barrier that this
 * load saves, and on CPUs that keep loads in order (x64).
 */
export function loadMaskInOrder(words: Int32Array, index: number): number {
  // SYNC: as in loadMask, with the barrier of Doze.orderBehindMark.
  return words[index] as number
}

/** Announces the oldest record that will stay, before older records are overwritten. */
export function announceBase(words: Int32Array, index: number, position: number): void {
  Atomics.store(words, index, position)
  // SYNC: pairs with loadBaseAfterCopy and loadOwned; the load waits for the store, and the overwriting that follows
  // waits for the load: prevents new bytes from being read as an old record.
  Atomics.load(words, index)
}

/** Same as announceBase, in 64 bits, for readers that can fall behind without limit. Allocates a bigint. */
export function announceWideBase(words: BigInt64Array, index: number, position: number): void {
  Atomics.store(words, index, BigInt(position))
  // SYNC: as in announceBase.
  Atomics.load(words, index)
}

/** Loads the low half of a base after a record was copied. The caller loads the high half after it. */
export function loadBaseAfterCopy(words: Int32Array, index: number): number {
  // SYNC: pairs with announceWideBase; the fence prevents loads of the copy from being delayed past the load of the base.
  Atomics.store(fenceWord, 0, 0)
  return load(words, index)
}

/** Loads both halves of a base at once. Allocates a bigint. Keeps the low 53 bits, so a corrupt base cannot loop a reader forever. */
export function loadWideBase(words: BigInt64Array, index: number): number {
  // SYNC: pairs with announceWideBase; prevents halves of two bases from being taken for one.
  return Number(BigInt.asUintN(53, Atomics.load(words, index)))
}

/** Loads the state word of a slot. */
export function loadSlot(words: Int32Array, index: number): number {
  // SYNC: pairs with changeSlot and storeSlot of the others; prevents a slot from being filled before its last holder has read it,
  // and what was stored beside the word (base, note) from being read before the word.
  return loadWritable(words, index)
}

/** Changes the state word of a slot, unless it has changed meanwhile. True if it was this call that changed it. */
export function changeSlot(words: Int32Array, index: number, from: number, to: number): boolean {
  // SYNC: pairs with changeSlot and loadSlot of the others: of all that want a slot, one gets it. Prevents the payload from being
  // read before the take, and after the acknowledgement, and the next payload from being written before a message is taken back.
  return Atomics.compareExchange(words, index, from, to) === from
}

/** Stores the state word of a slot that this participant alone may change. */
export function storeSlot(words: Int32Array, index: number, word: number): void {
  // SYNC: pairs with loadSlot; prevents the word from being seen before what was stored beside it.
  Atomics.store(words, index, word)
}

/** Publishes the messages of slots: stores the end of their producer's ring, and then loads a mask of sleepers. */
export function publishTail(words: Int32Array, index: number, tail: number, sleepMask: number): number {
  // SYNC: pairs with loadTail in RingCursor; prevents an entry from being read before it, its slot's word and the payload are whole.
  Atomics.store(words, index, tail)
  // SYNC: as in loadMask.
  return loadWritable(words, sleepMask)
}

/** Loads the end of a producer's ring of slots. */
export function loadTail(words: Int32Array, index: number): number {
  // SYNC: pairs with publishTail. Before an entry is read: prevents an older entry from being read. After it, before the take:
  // prevents an entry that was overwritten meanwhile from being taken for an older one.
  return loadWritable(words, index)
}

/** Loads and clears a word of bits that others set. */
export function takeBits(words: Int32Array, index: number): number {
  // SYNC: pairs with setBits; prevents what the bits announce from being read before them, and a bit from being lost.
  return Atomics.exchange(words, index, 0)
}
