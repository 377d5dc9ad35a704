import { Accessor, withPath } from './accessor.js'
import type { BytesView } from './view.js'

/** Shows bytes where they lie, for reading. A codec of bytes of any length moves it, and sets its length, per message. */
export class BytesAccessor extends Accessor implements BytesView {
  declare '\0length': number

  constructor(data: DataView, offset: number, parent: Accessor | undefined, segment: string) {
    super(data, offset, parent, segment)
    Object.defineProperty(this, '\0length', { value: 0, writable: true })
  }

  get length(): number {
    return this['\0length']
  }

  get(index: number): number {
    if (index >>> 0 !== index || index >= this['\0length']) throw outside(this, index)
    return this['\0data'].getUint8(this['\0offset'] + index)
  }

  copyTo(target: Uint8Array, start = 0): void {
    const { length } = this
    if (!(start >= 0 && start + length <= target.length)) {
      const room = `${target.length} bytes from index ${start} on`
      throw new RangeError(withPath(this, `${length} bytes do not fit into ${room}`))
    }
    target.set(this.unsafeArray(), start)
  }

  slice(start?: number, end?: number): Uint8Array {
    return this.unsafeArray().slice(start, end)
  }

  unsafeArray(): Uint8Array {
    const { buffer, byteOffset } = this['\0data']
    return new Uint8Array(buffer, byteOffset + this['\0offset'], this['\0length'])
  }

  *[Symbol.iterator](): Generator<number> {
    for (let index = 0; index < this['\0length']; index++) yield this.get(index)
  }

  /** `JSON.stringify` shows an array of numbers. */
  toJSON(): number[] {
    return [...this]
  }

  '\0plain'(): Uint8Array {
    return this.slice()
  }
}

function outside(accessor: BytesAccessor, index: number): RangeError {
  return new RangeError(withPath(accessor, `there is no byte ${index}; the length is ${accessor.length}`))
}
