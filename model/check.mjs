// Checks the models with spin: each configuration must hold, and each mutation must be found out. Ends with "N passed, N failed".
// Installs spin where it is missing, on Debian as root.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const models = fileURLToPath(new URL('.', import.meta.url))
const BARRIER = ['-DBARRIER']

/** What must hold. */
const configurations = [
  ...[1, 2, 3].flatMap((n) =>
    [[], BARRIER].flatMap((barrier) =>
      ['-DMORTAL', '-DSILENT'].map((end) => ['doorbell', [`-DN=${n}`, ...barrier, end]]),
    ),
  ),
  ['lane', ['-DK=1', '-DN=4']],
  ['lane', ['-DK=2', '-DN=4']],
  ['lease', ['-DK=1', '-DN=3']],
  ['lease', ['-DK=2', '-DN=3']],
]

/** What must not. */
const mutations = [
  ['the producer has neither fence nor barrier', 'doorbell', ['-DSILENT', '-DNO_FENCE']],
  ['the sleeper brings no barrier', 'doorbell', [...BARRIER, '-DSILENT', '-DNO_BARRIER']],
  ['no look behind the barrier', 'doorbell', [...BARRIER, '-DSILENT', '-DNO_LOOK_AFTER_BARRIER']],
  ['the sleeper sets no mark', 'doorbell', ['-DSILENT', '-DNO_MARK']],
  ['the sleeper looks only before its mark', 'doorbell', ['-DSILENT', '-DLOOK_BEFORE_MARK', '-DNO_LOOK']],
  ['the sleeper does not look at all', 'doorbell', ['-DSILENT', '-DNO_LOOK']],
  ['the producer looks for sleepers before it publishes', 'doorbell', ['-DSILENT', '-DRING_BEFORE_PUBLISH']],
  ['the sleeper does not watch its peer', 'doorbell', ['-DMORTAL', '-DNO_WATCH']],
  ['the commit word before the payload', 'lane', ['-DK=2', '-DN=4', '-DCOMMIT_FIRST']],
  ['no 0 behind the record', 'lane', ['-DK=2', '-DN=4', '-DNO_ZERO']],
  ['the base announced after overwriting', 'lane', ['-DK=2', '-DN=4', '-DANNOUNCE_LATE']],
  ['no second look at the consumers', 'lane', ['-DK=2', '-DN=4', '-DNO_SECOND_LOOK']],
  ['the limit beyond the announced base', 'lane', ['-DK=2', '-DN=4', '-DLIMIT_BEYOND_BASE']],
  ['a joiner becomes live after it has chosen its place', 'lane', ['-DK=2', '-DN=4', '-DLIVE_LAST']],
  ['a lane taken up at its announced end', 'lease', ['-DAT_ANNOUNCED_END']],
  ['the end not announced before the base', 'lease', ['-DNO_END']],
  ['a lane taken up without its lease', 'lease', ['-DTWO_WRITERS']],
  ['no 0 behind the record, and the lane taken up', 'lease', ['-DNO_ZERO']],
  ['eviction without the lease', 'lease', ['-DEVICT_WITHOUT_LEASE']],
  ['a joiner that does not wait for the lease', 'lease', ['-DNO_CLAIM']],
  ['a joiner that does not look at the base once more', 'lease', ['-DK=1', '-DN=3', '-DNO_LOOK_AT_BASE']],
]

if (spawnSync('spin', ['-V']).error !== undefined) {
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  execFileSync('apt-get', ['update', '-qq'], options)
  execFileSync('apt-get', ['install', '-y', '-qq', 'spin'], options)
}

const folder = mkdtempSync(join(tmpdir(), 'memlane-model-'))

/** Tells what spin finds, and in how many states. */
function check(model, macros, large) {
  const run = (command, ...args) => execFileSync(command, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 })
  run('spin', '-a', ...macros, join(models, `${model}.pml`))
  const level = large ? '-O1' : '-O0' // most searches take less time than their compilation
  run('gcc', level, '-w', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=2048', '-o', 'pan', 'pan.c')
  // A lane's participants may end while others wait: only the doorbell's model tells of those who sleep for ever.
  const output = run('./pan', '-m1000000', ...(model === 'lane' ? ['-E'] : []))
  const states = Number(/(\d+) states, stored/.exec(output)?.[1])
  const complete = !/max search depth too small|out of memory|Search not completed/.test(output)
  const error = /pan:\d+: (.*) \(at depth/.exec(output)?.[1]
  return { states, error, complete }
}

let passed = 0
let failed = 0
function count(ok, text) {
  if (ok) passed++
  else failed++
  console.log(`${ok ? 'ok     ' : 'FAILED '} ${text}`)
}

try {
  for (const [model, macros] of configurations) {
    const { states, error, complete } = check(model, macros, model !== 'doorbell')
    count(error === undefined && complete, `${model} ${macros.join(' ')}: ${error ?? 'holds'}, ${states} states`)
  }
  for (const [what, model, macros] of mutations) {
    const { states, error } = check(model, macros, false)
    count(error !== undefined, `mutation, ${what}: ${error === undefined ? 'not found out' : error}, ${states} states`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
