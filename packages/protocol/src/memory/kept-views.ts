/** How many views a memory keeps at most. */
const PLACES = 1024

/** A typed array, of numbers or of bigints. */
export type Elements = ArrayBufferView & { readonly length: number }

/** A class of typed arrays, as far as this file needs it. */
export interface TypedArrayType<A> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A
}

/**
 * Typed arrays over one memory, made once and used again. Their `set` is the fastest copy of more than about 30 bytes (Node 20 to 24).
 * Copying into the memory needs one array over all of it. Copying out of it needs an array of exactly the bytes in question, and
 * making one takes as long as copying 500 bytes, and leaves garbage. But messages of one length lie at the same offsets in each lap of a
 * lane. So the memory is divided into 1024 places, and each keeps the last view that began there. Views shorter than a place are not
 * kept: they would only replace each other.
 *
 * These views are for copying: code outside the package must not get them.
 */
export class KeptViews<A extends Elements> {
  /** All whole elements of the memory. */
  readonly whole: A
  private readonly type: TypedArrayType<A>
  private readonly buffer: ArrayBuffer
  private readonly start: number
  /** The shortest view that is kept, in elements. */
  private readonly leastLength: number
  /** An offset shifted right by this number is a place. */
  private readonly placeShift: number
  private readonly views: A[] = []
  private readonly offsets: number[] = []

  /** @param data the memory; begins at a multiple of the element's length */
  constructor(type: TypedArrayType<A>, { buffer, byteOffset, byteLength }: DataView) {
    const { BYTES_PER_ELEMENT: elementLength } = type
    this.type = type
    this.buffer = buffer as ArrayBuffer
    this.start = byteOffset
    this.placeShift = Math.max(0, Math.ceil(Math.log2(byteLength / PLACES)))
    this.leastLength = 2 ** this.placeShift / elementLength
    this.whole = new type(this.buffer, byteOffset, Math.floor(byteLength / elementLength))
  }

  /** Tells whether views of so many elements are kept. */
  keeps(length: number): boolean {
    return length >= this.leastLength
  }

  /**
   * Returns a view of a part of the memory.
   *
   * @param offset bytes from the start of the memory: a multiple of the element's length
   * @param length elements
   * @throws RangeError if the part does not lie in the memory's buffer; TypeError if the buffer is detached
   */
  at(offset: number, length: number): A {
    const place = offset >>> this.placeShift
    const kept = this.views[place]
    // The views of a detached buffer have length 0.
    if (kept !== undefined && this.offsets[place] === offset && kept.length === length) return kept
    const view = new this.type(this.buffer, this.start + offset, length)
    if (length >= this.leastLength) {
      this.views[place] = view
      this.offsets[place] = offset
    }
    return view
  }
}

const keepers = new Map<unknown, unknown>()

/**
 * Returns the function that finds the views of a memory: one object for each memory and type, so that all accessors of a lane share
 * its views. Finding it takes 4 ns.
 */
export function keeperOf<A extends Elements>(type: TypedArrayType<A>): (data: DataView) => KeptViews<A> {
  const keeper = (keepers.get(type) as ReturnType<typeof keeperOf<A>> | undefined) ?? makeKeeper(type)
  keepers.set(type, keeper)
  return keeper
}

function makeKeeper<A extends Elements>(type: TypedArrayType<A>): (data: DataView) => KeptViews<A> {
  const byMemory = new WeakMap<DataView, KeptViews<A>>()
  const keep = (data: DataView) => {
    const views = new KeptViews(type, data)
    byMemory.set(data, views)
    return views
  }
  return (data) => byMemory.get(data) ?? keep(data)
}

/** Returns the views of a memory's bytes. */
export const keptBytesOf = keeperOf<Uint8Array>(Uint8Array)
