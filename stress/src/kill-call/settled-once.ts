type Executor<T> = (resolve: (value: T | PromiseLike<T>) => void, reject: (reason: unknown) => void) => void

/**
 * Calls a function that makes a promise.
 *
 * @param onAgain called each time that the promise is settled after the first time: a promise hides that
 */
export function settledOnce<T>(call: () => Promise<T>, onAgain: () => void): Promise<T> {
  const Original = globalThis.Promise
  globalThis.Promise = new Proxy(Original, {
    construct(target, [executor]: [Executor<unknown>]) {
      let isSettled = false
      const once = <Value>(settle: (value: Value) => void) => {
        return (value: Value) => {
          if (isSettled) onAgain()
          isSettled = true
          settle(value)
        }
      }
      return new target((resolve, reject) => executor(once(resolve), once(reject)))
    },
  })
  try {
    return call()
  } finally {
    globalThis.Promise = Original
  }
}
