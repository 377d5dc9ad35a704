/**
 * Keeps a function so that V8 does not inline it where it is called:
 *
 * ```ts
 * readonly #refill = outOfLine(this.#refillNow)
 * this.#refill[0].call(this, count)
 * ```
 *
 * What V8 inlines into one function is limited (920 bytes of bytecode, in Node 20), and accessors come last: where a slow path,
 * or the frame around a loop, takes it up, they stay calls, each of which makes an object of its float. V8 inlines a call only
 * where it knows the function: from a constant, or from what the place of the call has recorded. An array's element is no
 * constant, and where `call` is called, `call` itself is what is recorded. Costs 5 ns a call.
 */
export function outOfLine<Called>(called: Called): [called: Called] {
  return [called]
}
