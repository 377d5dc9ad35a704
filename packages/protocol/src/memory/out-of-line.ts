/**
 * Holds a function so that V8 does not inline it where it is called:
 *
 * ```ts
 * readonly #refill = outOfLine(this.#refillNow)
 * this.#refill[0].call(this, count)
 * ```
 *
 * V8 inlines a limited amount into one function (920 bytes of bytecode in Node 20), and inlines accessors last. If a slow path or
 * the frame around a loop uses up that budget, the accessors remain calls, and each of them allocates an object for its float. V8
 * inlines a call only if it knows the function: from a constant, or from what it has recorded at the place of the call. An
 * array's element is no constant, and at the place of `call`, V8 records `call` itself. A call costs 5 ns.
 */
export function outOfLine<Called>(called: Called): [called: Called] {
  return [called]
}
