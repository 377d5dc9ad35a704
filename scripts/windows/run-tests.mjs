// node run-tests.mjs FOLDER [NAME…]: runs the test files of a staged tree (scripts/stage.mjs) with Node's own test runner, each file
// in a process of its own. With names, runs only the files whose path contains one of them. Prints a last line
// "N passed, N failed, N skipped".

import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const FILE_TIMEOUT_MS = 600_000

const [folder, ...names] = process.argv.slice(2)
process.chdir(folder)
const files = readdirSync('.', { recursive: true })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.test\.m?js$/.test(file) && !file.includes('node_modules/'))
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .sort()

const counts = { pass: 0, fail: 0, skipped: 0 }
const count = (outcome) => (event) => {
  if (event.details?.type === 'suite') return
  counts[event.skip !== undefined || event.todo !== undefined ? 'skipped' : outcome] += 1
}

function finish() {
  process.exitCode = counts.fail > 0 ? 1 : 0
  console.log(`\n${counts.pass} passed, ${counts.fail} failed, ${counts.skipped} skipped`)
}

if (files.length === 0)
  finish() // without files, run() would look for some itself
else {
  const paths = files.map((file) => resolve(file))
  const events = run({ files: paths, concurrency: 2, timeout: FILE_TIMEOUT_MS })
  events.on('test:pass', count('pass')).on('test:fail', count('fail'))
  events.compose(new spec()).on('end', finish).pipe(process.stdout, { end: false })
}
