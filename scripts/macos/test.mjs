// Runs the tests of the packages, programs and examples on the macOS folder of the addon, on Linux:
//
//   node scripts/macos/test.mjs [arguments of vitest…]
//
// Builds the addon first (build-addon.mjs). Every test that is skipped must be in left-out.mjs, with its reason. Ends with
// one line, `N passed, N failed`.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leftOut } from './left-out.mjs'

const scripts = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(scripts))
const report = join(root, '.macos', 'report.json')
/** @memlane/protocol is missing, because it does not use the addon. */
const projects = [
  ...['@memlane/core', '@memlane/channel', '@memlane/producer', '@memlane/consumer', '@memlane/inspect', 'memlane'],
  ...['@memlane/first-process', '@memlane/second-process', '@memlane/examples'],
]

const addon = execFileSync(process.execPath, [join(scripts, 'build-addon.mjs')], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).trim()
rmSync(report, { force: true })
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const reports = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const chosen = projects.map((project) => `--project=${project}`)
const { status } = spawnSync(process.execPath, [vitest, 'run', ...chosen, ...reports, ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, MEMLANE_NATIVE_PATH: addon },
})

const files = JSON.parse(readFileSync(report, 'utf8')).testResults
const tests = files.flatMap(({ name, assertionResults }) => assertionResults.map((test) => ({ ...test, file: name })))
const count = (wanted) => tests.filter((test) => test.status === wanted).length
const skipped = tests.filter((test) => ['pending', 'skipped', 'todo'].includes(test.status))
const ruleOf = ({ file, fullName }) =>
  leftOut.findIndex((rule) => (rule.file ? file.includes(rule.file) : fullName.includes(rule.title)))

console.log(`\n${skipped.length} tests are left out:`)
leftOut.forEach((rule, index) => {
  const these = skipped.filter((test) => ruleOf(test) === index)
  if (these.length > 0) console.log(`  ${these.length}  ${rule.file ?? rule.title}: ${rule.reason}`)
})
const unknown = skipped.filter((test) => ruleOf(test) === -1)
for (const test of unknown) console.error(`skipped without a reason in left-out.mjs: ${test.file}: ${test.fullName}`)

const brokenFiles = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
const failed = count('failed') + brokenFiles + unknown.length
console.log(`${count('passed')} passed, ${status === 0 || failed > 0 ? failed : 1} failed`)
process.exitCode = status === 0 && failed === 0 ? 0 : 1
