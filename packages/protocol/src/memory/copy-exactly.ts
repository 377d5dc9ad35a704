import type { Elements, KeptViews, TypedArrayType } from './kept-views.js'
import { bytesIn, isGrowable, setElements } from './typed-array.js'

/** Up to this many bytes, copying twice is faster than `isGrowable`. */
const SMALL = 64

/** Copies `length` elements of `source` into the memory of `target`, from `offset` bytes on: see `copierOf`. */
type ExactCopy<A extends Elements> = (source: A, length: number, target: KeptViews<A>, offset: number) => void

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
  const { BYTES_PER_ELEMENT: elementLength } = type
  const scratch = new ArrayBuffer(SMALL)
  const capacity = SMALL / elementLength
  const whole = new type(scratch, 0, capacity)
  const views: A[] = []
  return (source, length, target, offset) => {
    if (length <= capacity) {
      setElements(whole, source, 0)
      const view = views[length] ?? new type(scratch, 0, length)
      views[length] = view
      setElements(target.whole, view, offset / elementLength)
    } else if (target.keeps(length)) {
      setElements(target.at(offset, length), source, 0) // more elements than the view has would not fit
    } else {
      setElements(target.whole, isGrowable(source) ? firstOf(source, length, type) : source, offset / elementLength)
    }
  }
}

function firstOf<A extends Elements>(source: A, length: number, type: TypedArrayType<A>): A {
  const { buffer, byteOffset } = bytesIn(source, length * type.BYTES_PER_ELEMENT)
  return new type(buffer, byteOffset, length)
}

/** Copies bytes, as many as were counted. */
export const copyExactly = copierOf<Uint8Array>(Uint8Array)
