// The functions of node:test that vitest-on-node-test.mjs calls, for Bun and Deno: they have node:test only inside of their own
// test runners. Registers tests, and runs them one after the other.

const newSuite = (title, parent, skip) => ({
  title,
  parent,
  skip,
  entries: [],
  before: [],
  after: [],
  beforeEach: [],
  afterEach: [],
})
const root = newSuite('', undefined, false)
let current = root

export function describe(title, options, body) {
  const suite = newSuite(title, current, current.skip || options.skip === true)
  current.entries.push(suite)
  current = suite
  body()
  current = suite.parent
}

export function test(title, options, body) {
  const skip = current.skip || options.skip === true || options.todo === true
  current.entries.push({ title, skip, timeout: options.timeout, body })
}

const hook =
  (name) =>
  (body, { timeout }) =>
    current[name].push({ body, timeout })
export const before = hook('before')
export const after = hook('after')
export const beforeEach = hook('beforeEach')
export const afterEach = hook('afterEach')

/**
 * Runs all registered tests.
 *
 * @param isLeftOut gets the full title of a test, the parts joined by " > "
 * @param report gets `{ title, outcome, error?, ms? }` for each test. The outcomes: started (then a second report follows),
 * passed, failed, skipped, left out
 */
export async function runTests(isLeftOut, report) {
  await runSuite(root, [], undefined)

  /** With a failure, all tests of the suite fail: a hook above them has failed. */
  async function runSuite(suite, above, failure) {
    const titles = suite === root ? [] : [...above, suite.title]
    const runsHooks = failure === undefined && hasTests(suite, titles)
    if (runsHooks) failure = await runHooks(suite.before)
    for (const entry of suite.entries) await (entry.entries ? runSuite : runOne)(entry, titles, failure)
    const error = runsHooks ? await runHooks(suite.after) : undefined
    if (error) report({ title: [...titles, 'after all tests'].join(' > '), outcome: 'failed', error })

    async function runOne(entry, titles, failure) {
      const title = [...titles, entry.title].join(' > ')
      if (entry.skip) return report({ title, outcome: 'skipped' })
      if (isLeftOut(title)) return report({ title, outcome: 'left out' })
      report({ title, outcome: 'started' })
      const start = performance.now()
      let skipped = false
      const context = { skip: () => (skipped = true), signal: new AbortController().signal }
      let error = failure ?? (await runHooks(hooksOf(suite, 'beforeEach')))
      error ??= await settle(() => entry.body(context), entry.timeout)
      error = (await runHooks(hooksOf(suite, 'afterEach').reverse())) ?? error
      const outcome = error ? 'failed' : skipped ? 'skipped' : 'passed'
      report({ title, outcome, error, ms: performance.now() - start })
    }
  }

  function hasTests(suite, titles) {
    return suite.entries.some((entry) => {
      const path = [...titles, entry.title]
      return entry.entries ? hasTests(entry, path) : !entry.skip && !isLeftOut(path.join(' > '))
    })
  }
}

function hooksOf(suite, name) {
  const suites = []
  for (let one = suite; one; one = one.parent) suites.unshift(one)
  return suites.flatMap((one) => one[name])
}

async function runHooks(hooks) {
  for (const { body, timeout } of hooks) {
    const error = await settle(body, timeout)
    if (error) return error
  }
}

/** Calls a function and waits for its promise. The timer also keeps the event loop alive meanwhile. Returns the error, if any. */
async function settle(body, timeoutMs) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    await Promise.race([body(), late])
  } catch (error) {
    return error ?? new Error(`it threw ${error}`)
  } finally {
    clearTimeout(timer)
  }
}
