/**
 * Makes an iterator of a function that gives the next value.
 *
 * @param next gives undefined to end the iteration, and rejects to end it with an error
 * @param leave called if the iteration is left early: ends a `next` that is still pending, so that no value gets lost
 */
export function iterate<T>(next: () => Promise<T | undefined>, leave?: () => void): AsyncIterableIterator<T> {
  let left = false
  const iterator: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      const value = left ? undefined : await next()
      return value === undefined ? { value, done: true } : { value, done: false }
    },
    async return() {
      left = true
      leave?.()
      return { value: undefined, done: true }
    },
  }
  return iterator
}
