/**
 * A function that gets messages in place. Functions that return promises are refused: a view is valid only until its handler
 * returns, so an async handler would read or write another message.
 */
export type MessageHandler<Arguments extends unknown[], Result> = ((...args: Arguments) => Result) &
  (Extract<Result, PromiseLike<unknown>> extends never
    ? unknown
    : 'the handler must not be async: its view is valid only until it returns')
