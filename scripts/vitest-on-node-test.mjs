// Stands in for 'vitest' in tests on runtimes that vitest itself does not run on: it uses the functions of Node's own test
// runner. The matchers are vitest's own. An import of anything else (vi, snapshots) fails at once.

import * as node from 'node:test'
import { format } from 'node:util'
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'
import * as chai from 'chai'

/** The module with the functions of node:test, for the program that runs a test file. */
export { node as runner }

const TIMEOUT_MS = 120_000

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

export const expect = Object.assign((value, message) => chai.expect(value, message), chai.expect)
Object.assign(expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT])
expect.extend = (matchers) => chai.expect.extend(expect, matchers)
expect.unreachable = (message = 'expected not to get here') => chai.assert.fail(message)
setState({ assertionCalls: 0 }, expect)

/** The type check runs elsewhere, so any chain of calls is allowed here. */
export const expectTypeOf = () => anything
export const assertType = () => {}
const anything = new Proxy(() => anything, { get: () => anything, apply: () => anything })

/** In vitest, a timeout of a suite applies to each test; in Node's runner it would apply to all of them together. */
export const describe = chainable((title, { timeout, ...options }, body) => node.describe(title, options, body))
export const suite = describe

export const test = chainable((title, options, body) => {
  if (options.todo || body === undefined) return node.test(title, { todo: true })
  node.test(title, options, async (context) => {
    const skipped = new Error('skipped')
    const skip = (reason) => {
      context.skip(reason)
      throw skipped
    }
    try {
      cleanups.push([])
      await body({ expect, skip, signal: context.signal, onTestFinished })
    } catch (error) {
      if (error !== skipped) throw error
    } finally {
      for (const cleanup of cleanups.pop().reverse()) await cleanup()
    }
  })
})
export const it = test

const cleanups = []
export function onTestFinished(cleanup) {
  cleanups.at(-1).push(cleanup)
}

const hook =
  (register) =>
  (body, timeout = TIMEOUT_MS) =>
    register(() => body(), { timeout })
export const beforeAll = hook(node.before)
export const afterAll = hook(node.after)
export const beforeEach = hook(node.beforeEach)
export const afterEach = hook(node.afterEach)

/** Adds skip, skipIf, each and similar variants to a function that registers something under a title. */
function chainable(register, options = { timeout: TIMEOUT_MS }) {
  const call = (title, ...rest) => {
    const body = rest.find((argument) => typeof argument === 'function')
    const own = rest.find((argument) => typeof argument !== 'function')
    register(String(title?.name ?? title), { ...options, ...(typeof own === 'number' ? { timeout: own } : own) }, body)
  }
  const variant = (more) => chainable(register, { ...options, ...more })
  const variants = { skip: { skip: true }, todo: { todo: true }, concurrent: {}, sequential: {} }
  for (const [word, more] of Object.entries(variants)) Object.defineProperty(call, word, { get: () => variant(more) })
  call.skipIf = (condition) => variant(condition ? { skip: true } : {})
  call.runIf = (condition) => call.skipIf(!condition)
  call.each = forEach((body, row) => body(...(Array.isArray(row) ? row : [row])))
  call.for = forEach((body, row, context) => body(row, context))
  return call

  function forEach(invoke) {
    return (rows) =>
      (title, ...rest) => {
        for (const [index, row] of rows.entries()) {
          const bound = rest.map((argument) =>
            typeof argument === 'function' ? (context) => invoke(argument, row, context) : argument,
          )
          call(titleOf(String(title?.name ?? title), row, index), ...bound)
        }
      }
  }
}

function titleOf(title, row, index) {
  const values = Array.isArray(row) ? row : [row]
  const count = (title.replaceAll('%%', '').match(/%[a-z]/gi) ?? []).length
  const named = title.replaceAll('%#', String(index)).replace(/\$([a-zA-Z_]\w*(?:\.\w+)*)/g, (text, path) => {
    const value = path.split('.').reduce((object, key) => object?.[key], row)
    return value === undefined ? text : String(value)
  })
  return count === 0 ? named : format(named, ...values.slice(0, count))
}
