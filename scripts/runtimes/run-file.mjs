// RUNTIME run-file.mjs TEST_FILE RESULTS LEFT_OUT: runs one test file of the staged project (scripts/stage.mjs), which contains a
// copy of this file. Writes a line of JSON to the file RESULTS when a test starts and when it ends. LEFT_OUT: a JSON array of
// titles; these tests and suites do not run.

import { appendFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runner } from 'vitest'

const [file, results, leftOutText] = process.argv.slice(2)
const leftOut = JSON.parse(leftOutText)
const isLeftOut = (title) => leftOut.some((one) => title === one || title.startsWith(`${one} > `))

let failed = false
function report({ error, ...result }) {
  failed ||= result.outcome === 'failed'
  const text =
    error && (error.stack?.includes(error.message) ? error.stack : `${error.message ?? error}\n${error.stack}`)
  appendFileSync(results, `${JSON.stringify({ ...result, error: text })}\n`)
}

for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error) => report({ title: event, outcome: 'failed', error }))

await import(pathToFileURL(resolve(file)).href)
await runner.runTests(isLeftOut, report)
process.exit(failed ? 1 : 0)
