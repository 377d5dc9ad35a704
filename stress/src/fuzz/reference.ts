/** What a lane has at a position: a message, nothing yet, or bytes that are no record. */
export type Found = { offset: number; length: number; sequence: number; next: number } | 'end' | 'corrupt'

/** Reads a lane as docs/wire-format-stream.md says, in the simplest way. A LaneReader is compared with it. */
export class ReferenceReader {
  position: number
  #more = false
  readonly #data: DataView

  constructor(lane: ArrayBuffer, position: number) {
    this.#data = new DataView(lane)
    this.position = position >>> 0
  }

  next(): Found {
    const capacity = this.#data.byteLength
    for (let isPadded = false; ; isPadded = true) {
      const place = this.position % capacity
      if (place % 8 !== 0) return 'corrupt'
      const commit = this.#data.getUint32(place, true)
      if (commit === 0) return this.#more ? 'corrupt' : 'end'
      const kind = commit % 4
      const length = Math.floor(commit / 8)
      const size = 8 * Math.ceil((8 + length) / 8)
      if (kind === 0 || kind === 3 || size > capacity - place) return 'corrupt'
      const isMore = Math.floor(commit / 4) % 2 === 1
      if (kind === 2 && (isPadded || place === 0 || size !== capacity - place)) return 'corrupt'
      this.position = (this.position + size) % 2 ** 32
      this.#more = isMore
      if (kind === 2) continue
      return { offset: place + 8, length, sequence: this.#data.getUint32(place + 4, true), next: this.position }
    }
  }
}
