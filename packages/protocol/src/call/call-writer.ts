import { loadMask, loadSlot, loadTail, publishTail, takeBits } from '../memory/atomics.js'
import { generationOfEntry, ringEntry, slotOfEntry } from '../slots/ring-entry.js'
import { FREE, generationOf, kindOf, MAX_GENERATION, READY, slotWord } from '../slots/slot-word.js'
import { LENGTH, SENT_AT } from '../slots/slots-layout.js'
import type { CallControl } from './call-control.js'
import { PROCEDURE } from './call-header.js'
import { ANSWERED, DIED } from './call-word.js'

enum SlotState {
  /** Free: `claim` may take it. */
  VACANT = 0,
  USED = 1,
  /** This client has given up its call, and a server still holds it. */
  LEFT = 2,
}

/**
 * The slots of a client. Only the client fills them. The members are TypeScript-private for speed: see LaneWriter.
 */
export class CallWriter {
  readonly capacity: number
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly firstIndex: number
  private readonly stride: number
  private readonly ringIndex: number
  private readonly ringMask: number
  private readonly tailIndex: number
  private readonly sleepMask: number
  private readonly doneIndex: number
  private readonly doneWords: number
  /** The slots that this client may fill, the one that was used last on top: its memory is in the cache. */
  private readonly vacant: number[] = []
  private readonly states: Uint8Array
  /** The generation of each slot when its request was published. */
  private readonly generations: Int32Array
  /** How many slots are `LEFT`. */
  private left = 0
  private end: number

  /** Make one only while holding the client's lease, after its ProducerPlace and `cleanUpAfter`. */
  constructor(control: CallControl, client: number) {
    const { words, doubles, capacity, slotStride, consumers } = control
    this.capacity = capacity
    this.words = words
    this.doubles = doubles
    this.firstIndex = control.slotIndex(client, 0)
    this.stride = slotStride
    this.ringIndex = control.ringIndex(client)
    this.ringMask = 2 * capacity - 1
    this.tailIndex = control.tailIndex(client)
    this.sleepMask = consumers.sleepMask
    this.doneIndex = control.doneIndex(client)
    this.doneWords = Math.ceil(capacity / 32)
    this.end = loadTail(words, this.tailIndex)
    this.generations = new Int32Array(capacity)
    this.states = new Uint8Array(capacity).fill(SlotState.USED)
    for (let slot = capacity - 1; slot >= 0; slot--) this.vacate(slot)
  }

  /** How many calls were sent. Wraps. */
  get position(): number {
    return this.end
  }

  indexOf(slot: number): number {
    return this.firstIndex + slot * this.stride
  }

  /** Tells whether `claim` would find a slot. */
  hasVacant(): boolean {
    if (this.vacant.length > 0) return true
    if (this.left === 0) return false
    for (let slot = 0; slot < this.capacity; slot++) if (this.states[slot] === SlotState.LEFT) this.vacate(slot)
    return this.vacant.length > 0
  }

  /** Takes a slot for a request; -1 if none is free. The caller publishes it, or calls `vacate`. Changes nothing in memory. */
  claim(): number {
    const slot = this.vacant.length > 0 || this.hasVacant() ? (this.vacant.pop() as number) : -1
    if (slot !== -1) this.states[slot] = SlotState.USED
    return slot
  }

  /**
   * Ends the use of a slot. If a server still holds it, it becomes claimable when that server has freed it. The word of an answered
   * slot stays as it is until the next request: a store would cost a cache miss.
   */
  vacate(slot: number): void {
    const kind = kindOf(loadSlot(this.words, this.indexOf(slot)))
    const isFree = kind === FREE || kind === ANSWERED || kind === DIED
    const state = this.states[slot]
    if (state === SlotState.VACANT) return
    if (isFree) {
      if (state === SlotState.LEFT) this.left--
      this.states[slot] = SlotState.VACANT
      this.vacant.push(slot)
    } else if (state === SlotState.USED) {
      this.left++
      this.states[slot] = SlotState.LEFT
    }
  }

  /**
   * Publishes a request that was written.
   *
   * @param length its bytes
   * @param deadline when the answer is no longer wanted: milliseconds of the steady clock; 0 for never
   * @returns not 0 if servers may be asleep
   */
  publish(slot: number, procedure: number, length: number, deadline: number): number {
    const { words } = this
    const index = this.firstIndex + slot * this.stride
    const generation = generationOf(loadSlot(words, index))
    words[index + PROCEDURE] = procedure
    words[index + LENGTH] = length
    this.doubles[(index >> 1) + SENT_AT] = deadline
    this.generations[slot] = generation
    words[index] = slotWord(READY, 0, generation)
    this.append(slot, generation)
    return publishTail(words, this.tailIndex, this.end, this.sleepMask)
  }

  /** How many servers have taken the request of a slot, one after the other. */
  takesOf(slot: number): number {
    return (
      (generationOf(loadSlot(this.words, this.indexOf(slot))) - (this.generations[slot] as number)) & MAX_GENERATION
    )
  }

  /** Calls `visit` with each slot in use whose completion bit is set, and clears the bits. A bit may be set without need. */
  forEachDone(visit: (slot: number) => void): void {
    for (let word = 0; word < this.doneWords; word++) {
      if (loadMask(this.words, this.doneIndex + word) === 0) continue
      for (let rest = takeBits(this.words, this.doneIndex + word); rest !== 0; rest &= rest - 1) {
        const slot = word * 32 + 31 - Math.clz32(rest & -rest)
        if (slot >= this.capacity) continue // a faulty peer has set it
        if (this.states[slot] === SlotState.USED) visit(slot)
        else this.vacate(slot)
      }
    }
  }

  /** Tells whether a completion bit is set. */
  hasDone(): boolean {
    for (let word = 0; word < this.doneWords; word++) {
      if (loadMask(this.words, this.doneIndex + word) !== 0) return true
    }
    return false
  }

  /**
   * Adds an entry to the ring. Servers look at the last `capacity` entries. A slot that is cancelled again and again would push out the entry of a
   * request that waits for longer: so that entry is repeated first.
   */
  private append(slot: number, generation: number): void {
    const { words, doubles, ringIndex, ringMask, capacity } = this
    for (let repeated = 0; repeated < capacity; repeated++) {
      const entry = doubles[ringIndex + ((this.end - capacity) & ringMask)] as number
      const old = slotOfEntry(entry)
      if (old < 0 || old >= capacity || old === slot) break
      if (loadSlot(words, this.indexOf(old)) !== slotWord(READY, 0, generationOfEntry(entry, old))) break
      doubles[ringIndex + (this.end & ringMask)] = entry
      this.end = (this.end + 1) | 0
    }
    doubles[ringIndex + (this.end & ringMask)] = ringEntry(slot, generation)
    this.end = (this.end + 1) | 0
  }
}
