/**
 * Calls a function that V8 shall not inline here. What V8 inlines into one function is limited (920 bytes of bytecode, in
 * Node 20), and accessors come last: where a slow path, or the frame around a loop, takes it up, they stay calls, each of
 * which makes an object of its float. V8 does not inline a call whose arguments are in an array that was not made on the spot.
 *
 * @param args an array that the caller keeps for this, so that nothing is allocated
 */
export function outOfLine<This, Arguments extends unknown[], Result>(
  called: (this: This, ...args: Arguments) => Result,
  self: This,
  args: Arguments,
): Result {
  return Reflect.apply(called, self, args)
}
