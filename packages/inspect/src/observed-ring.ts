import { generationOfEntry, type SlotTable, slotOfEntry } from '@memlane/protocol/internal'

/**
 * The entries of a producer's ring, for an observer: each says that a message went into a slot. All of the last `capacity` entries are
 * there; older ones may be overwritten.
 */
export class ObservedRing {
  readonly producer: number
  /** Of the entry that `next` found. The slot is checked: it is one of the producer's. */
  slot = 0
  generation = 0
  /** The position of that entry: counts entries, and wraps. */
  position = 0
  readonly #table: SlotTable
  /** The position of the next entry to look at, and where `next` ends. */
  #next: number
  #end: number

  /** @param start the position of the first entry to look at */
  constructor(table: SlotTable, producer: number, start: number) {
    this.#table = table
    this.producer = producer
    this.#next = start | 0
    this.#end = this.#next
  }

  /**
   * Lets `next` go to the end of the ring as it is now.
   *
   * @returns how many entries were overwritten unseen
   */
  refresh(): number {
    const { capacity } = this.#table
    this.#end = this.#table.sentBy(this.producer) | 0
    const ahead = (this.#end - this.#next) | 0
    if (ahead < 0) this.#next = this.#end // a faulty producer
    if (ahead <= capacity) return 0
    this.#next = (this.#end - capacity) | 0
    return ahead - capacity
  }

  /** The position of the entry that `next` looks at next. */
  get nextPosition(): number {
    return this.#next
  }

  /** True if `next` has found all entries up to the last `refresh`. */
  get isDone(): boolean {
    return this.#next === this.#end
  }

  /** Goes to the next entry. False if it is none, or was overwritten. Do not call it if `isDone`. */
  next(): boolean {
    this.position = this.#next
    this.#next = (this.#next + 1) | 0
    const entry = this.#table.entryAt(this.producer, this.position)
    this.slot = slotOfEntry(entry)
    this.generation = generationOfEntry(entry, this.slot)
    return this.slot >= 0 && this.slot < this.#table.capacity && this.isThere()
  }

  /** Tells whether the entry that `next` found has not been overwritten until now. */
  isThere(): boolean {
    return ((this.#table.sentBy(this.producer) - this.position) | 0) <= this.#table.capacity
  }
}
