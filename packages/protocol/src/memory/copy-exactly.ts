import type { Elements, TypedArrayType } from './kept-views.js'
import { bytesIn, isGrowable, setElements } from './typed-array.js'

/** Up to this many bytes, copying twice is faster than `isGrowable`. */
const SMALL = 64

/** Copies `length` elements of `source` into `target`, from `start` on: see `copierOf`. */
type ExactCopy<A> = (source: A, length: number, target: A, start: number) => void

const copiers = new Map<unknown, unknown>()

/**
 * Returns a function, one for each type, that copies as many elements as its caller has just counted in the source.
 * `target.set(source)` may copy more: another thread can make a growable SharedArrayBuffer longer at any time, and so the arrays that
 * track its length.
 *
 * The function throws a RangeError if the elements do not fit into the target, or if the source has become longer, and a TypeError if
 * the target is detached.
 */
export function copierOf<A extends Elements>(type: TypedArrayType<A>): ExactCopy<A> {
  const copier = (copiers.get(type) as ExactCopy<A> | undefined) ?? makeCopier(type)
  copiers.set(type, copier)
  return copier
}

function makeCopier<A extends Elements>(type: TypedArrayType<A>): ExactCopy<A> {
  const scratch = new ArrayBuffer(SMALL)
  const capacity = SMALL / type.BYTES_PER_ELEMENT
  const whole = new type(scratch, 0, capacity)
  const views: A[] = []
  return (source, length, target, start) => {
    if (length <= capacity) {
      setElements(whole, source, 0)
      const view = views[length] ?? new type(scratch, 0, length)
      views[length] = view
      setElements(target, view, start)
    } else {
      setElements(target, isGrowable(source) ? firstOf(source, length, type) : source, start)
    }
  }
}

function firstOf<A extends Elements>(source: A, length: number, type: TypedArrayType<A>): A {
  const { buffer, byteOffset } = bytesIn(source, length * type.BYTES_PER_ELEMENT)
  return new type(buffer, byteOffset, length)
}

/** Copies bytes, as many as were counted. */
export const copyExactly = copierOf<Uint8Array>(Uint8Array)
