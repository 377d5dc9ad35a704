/**
 * The true class and length of a typed array, from the built-in getters of typed arrays. An own property or a subclass may claim
 * another class or length. If memlane believed it, a message could contain bytes of earlier messages. The getters work across
 * realms, too.
 */

const prototype = Object.getPrototypeOf(Uint8Array.prototype)
const kind = getterOf<string | undefined>(Symbol.toStringTag)
const buffer = getterOf<ArrayBufferLike>('buffer')
const byteOffset = getterOf<number>('byteOffset')
const byteLength = getterOf<number>('byteLength')
const length = getterOf<number>('length')
const growable = Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'growable')?.get as (
  this: unknown,
) => boolean
const set: (this: ArrayBufferView, source: ArrayBufferView, start: number) => void = prototype.set

function getterOf<T>(name: PropertyKey): (this: unknown) => T {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => T
}

/** Returns the name of a typed array's class, such as `Int16Array`, and `undefined` for anything else. */
export function kindOfTypedArray(value: unknown): string | undefined {
  return kind.call(value)
}

/** Returns the number of bytes in a typed array. */
export function byteLengthOf(value: ArrayBufferView): number {
  return byteLength.call(value)
}

/** Returns the number of elements in a typed array. */
export function lengthOf(value: ArrayBufferView): number {
  return length.call(value)
}

/** Returns the bytes of a typed array, in place: the first `count` of them, or all. */
export function bytesIn(value: ArrayBufferView, count = byteLengthOf(value)): Uint8Array {
  return new Uint8Array(buffer.call(value), byteOffset.call(value), count)
}

/**
 * Tells whether another thread can make a typed array longer at any time. V8 keeps arrays of up to 64 bytes without a buffer: for
 * those, this makes one, which takes 200 ns.
 */
export function isGrowable(value: ArrayBufferView): boolean {
  const memory = buffer.call(value)
  if (memory instanceof ArrayBuffer) return false
  try {
    return growable.call(memory)
  } catch {
    return false // an ArrayBuffer of another realm
  }
}

/**
 * Copies all elements of a typed array into another one, from `start` on, by the built-in `set`. A subclass's own `set` must not get
 * a view of a lane. Besides, this call takes 4 ns less than `target.set(source, start)`.
 */
export function setElements(target: ArrayBufferView, source: ArrayBufferView, start: number): void {
  set.call(target, source, start)
}
