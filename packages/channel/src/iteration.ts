/**
 * Makes an iterator of a function that gives the next value.
 *
 * @param next rejects to end the iteration with an error; undefined ends it
 */
export function iterate<T>(next: () => Promise<T | undefined>): AsyncIterableIterator<T> {
  let over = false
  const iterator: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      const value = over ? undefined : await next()
      return value === undefined ? { value, done: true } : { value, done: false }
    },
    async return() {
      over = true
      return { value: undefined, done: true }
    },
  }
  return iterator
}
