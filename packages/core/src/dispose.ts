/**
 * The key of the method that `using` calls. The contexts of `node:vm`, in which jest and some pools of vitest run tests, have
 * no `Symbol.dispose` before Node 24. There, compilers of `using` look for this key instead.
 */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')
