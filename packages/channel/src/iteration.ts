/**
 * Makes an iterator of a function that gives the next value.
 *
 * @param next gives undefined to end the iteration, and rejects to end it with an error
 * @param isEnd tells whether an error of `next` ends the iteration as undefined does
 * @param leave called if the iteration is left early: ends a `next` that is still pending, so that no value gets lost
 */
export function iterate<T>(
  next: () => Promise<T | undefined>,
  isEnd: (error: unknown) => boolean,
  leave?: () => void,
): AsyncIterableIterator<T> {
  let left = false
  const iterator: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => iterator,
    // As few promises per message as possible: two more cost a quarter of the event loop's throughput (`bench`, "event loop").
    async next() {
      let value: T | undefined
      try {
        if (!left) value = await next()
      } catch (error) {
        if (!isEnd(error)) throw error
      }
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
