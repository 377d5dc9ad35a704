/**
 * A function that gets messages in place. Functions that return promises are refused: a view is valid only until its handler
 * returns, so an async handler would read or write another message.
 */
export type MessageHandler<Arguments extends unknown[], Result> = ((...args: Arguments) => Result) &
  (Extract<Result, PromiseLike<unknown>> extends never
    ? unknown
    : 'the handler must not be async: its view is valid only until it returns')

/** Tells whether a handler has returned a promise. May throw: a handler may return anything. */
export function isPromise(result: unknown): result is PromiseLike<unknown> {
  return typeof result === 'object' && result !== null && 'then' in result && typeof result.then === 'function'
}

/**
 * Refuses a promise that a handler has returned: JavaScript has no types that refuse such a handler. Call it only for results that
 * are not undefined, and where a loop calls one handler again and again, only for the first result.
 *
 * @throws TypeError
 */
export function refusePromise(result: unknown): void {
  if (!isPromise(result)) return
  throw new TypeError('the handler returned a promise. It must not be async: its view is valid only until it returns')
}
