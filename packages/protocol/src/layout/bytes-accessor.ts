import { copyExactly } from '../memory/copy-exactly.js'
import { copyWords, SMALL } from '../memory/copy-unchanged.js'
import { lengthOf, setElements } from '../memory/typed-array.js'
import { Accessor, bytesOf, pathOf, READ_ONLY, withPath } from './accessor.js'
import { typeMismatch } from './mismatch.js'
import { u8 } from './scalar.js'
import type { BytesView, ReadonlyBytesView } from './view.js'

/** Up to this many bytes, a loop is the fastest copy. */
const TINY = 32

/** Private memory for copies of up to `SMALL` bytes, and a view of it for each length that was needed. */
const scratch = new Int32Array(SMALL / 4)
const scratchViews: Uint8Array[] = []

/** Shows bytes where they lie, for reading. A codec of bytes of any length moves it, and sets its length, per message. */
export class ReadonlyBytesAccessor extends Accessor implements ReadonlyBytesView {
  declare '\0length': number
  /** The data's words, once a copy has needed them. */
  declare '\0words': Int32Array | undefined

  constructor(data: DataView, offset: number, parent: Accessor | undefined, segment: string) {
    super(data, offset, parent, segment)
    Object.defineProperty(this, '\0length', { value: 0, writable: true, configurable: true }) // for `end`
    Object.defineProperty(this, '\0words', { value: undefined, writable: true })
    Object.preventExtensions(this)
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
    if (!(target instanceof Uint8Array)) throw typeMismatch('a Uint8Array', target).toError(pathOf(this))
    const targetLength = lengthOf(target)
    if (!(Number.isInteger(start) && start >= 0 && start + length <= targetLength)) {
      const room = `${targetLength} bytes from index ${start} on`
      throw new RangeError(withPath(this, `${length} bytes do not fit into ${room}`))
    }
    const { '\0data': data, '\0offset': offset } = this
    if (length > SMALL) {
      setElements(target, bytesOf(this).at(offset, length), start)
    } else if (length > TINY && liesInWords(data, offset, length)) {
      // Words are copied to private memory first: only of private memory can there be a view of each length.
      this['\0words'] ??= new Int32Array(data.buffer, data.byteOffset, data.byteLength >> 2)
      copyWords(this['\0words'], offset, length, scratch)
      scratchViews[length] ??= new Uint8Array(scratch.buffer, 0, length)
      setElements(target, scratchViews[length], start)
    } else {
      for (let index = 0; index < length; index++) target[start + index] = data.getUint8(offset + index)
    }
  }

  slice(start?: number, end?: number): Uint8Array {
    return this.unsafeArray().slice(start, end)
  }

  unsafeArray(): Uint8Array {
    return new Uint8Array(this.unsafeBuffer, this.byteOffset, this['\0length'])
  }

  get unsafeBuffer(): ArrayBuffer {
    return this['\0data'].buffer as ArrayBuffer
  }

  get byteOffset(): number {
    return this['\0data'].byteOffset + this['\0offset']
  }

  set(_index: unknown, _value?: unknown): void {
    throw new TypeError(withPath(this, READ_ONLY))
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

  override '\0end'(makeError: () => Error): void {
    super['\0end'](makeError)
    this['\0words'] = undefined
    const get = () => {
      throw makeError()
    }
    Object.defineProperty(this, '\0length', { get })
  }
}

/** Shows bytes where they lie, for reading and writing. */
export class BytesAccessor extends ReadonlyBytesAccessor implements BytesView {
  override set(index: number | Uint8Array, value: number = 0): void {
    if (typeof index === 'object') {
      this.setFrom(index, value)
      return
    }
    if (index >>> 0 !== index || index >= this['\0length']) throw outside(this, index)
    const mismatch = u8.check(value)
    if (mismatch !== undefined) throw mismatch.within(`[${index}]`).toError(pathOf(this))
    this['\0data'].setUint8(this['\0offset'] + index, value)
  }

  private setFrom(source: Uint8Array, start: number): void {
    if (!(source instanceof Uint8Array)) throw typeMismatch('an index, or a Uint8Array', source).toError(pathOf(this))
    const { length } = this
    const count = lengthOf(source)
    if (!(Number.isInteger(start) && start >= 0 && start + count <= length)) {
      const message = `${count} bytes from index ${start} on do not fit: the length is ${length}`
      throw new RangeError(withPath(this, message))
    }
    copyExactly(source, count, bytesOf(this), this['\0offset'] + start)
  }
}

function outside(accessor: ReadonlyBytesAccessor, index: number): RangeError {
  return new RangeError(withPath(accessor, `there is no byte ${index}; the length is ${accessor.length}`))
}

/** Tells whether bytes begin with a word, and whole words of the data hold all of them. Throws a TypeError if the data is detached. */
function liesInWords(data: DataView, offset: number, length: number): boolean {
  const end = offset + length
  return ((data.byteOffset | offset) & 3) === 0 && end + (-end & 3) <= Math.min(data.byteLength, 2 ** 31)
}
