// Checks the models with spin: each configuration must hold, and each mutation must fail. Ends with "N passed, N failed".
// Installs spin if it is missing (on Debian, as root).

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const models = fileURLToPath(new URL('.', import.meta.url))

/** The configurations that must hold: a model, its macros, and whether it is so large that an optimized search pays. */
const configurations = [
  ...[1, 2, 3].flatMap((n) =>
    ['', 'BARRIER '].flatMap((barrier) => ['MORTAL', 'SILENT'].map((end) => ['doorbell', `N=${n} ${barrier}${end}`])),
  ),
  ['fan-in', 'ONE_OPEN', true],
  ['room', 'BARRIER'],
  ['room', 'J=2 BARRIER'],
  ['room', 'J=3'],
  ['room', 'J=2 WAIT'],
  ['room', 'C=2', true],
  ['room', 'C=2 WAIT', true],
  ['room', 'P=2', true],
  ['room', 'P=2 J=2', true],
  ['lane', 'K=1 N=4 MORTAL', true],
  ['lane', 'K=2 N=4 MORTAL', true],
  ['lane', 'K=1 N=2 C=3', true],
  ['lease', 'K=1 N=3', true],
  ['lease', 'K=2 N=3', true],
  ['overwrite', 'W=3 N=4', true],
  ['overwrite', 'W=3 N=6', true],
  ['overwrite', 'W=5 N=6', true],
  ['snapshot', 'PAIR'],
  ['snapshot', 'SEQUENCE'],
  ['header', ''],
]

/** The mutations that must fail. docs/model.md says which access each one changes. The last macro is the mutation. */
const mutations = [
  ['the producer has neither fence nor barrier', 'doorbell', 'SILENT NO_FENCE'],
  ['the sleeper brings no barrier', 'doorbell', 'BARRIER SILENT NO_BARRIER'],
  ['the barrier behind the looks', 'doorbell', 'BARRIER SILENT BARRIER_LATE'],
  ['the sleeper sets no mark', 'doorbell', 'SILENT NO_MARK'],
  ['the sleeper looks only before its mark', 'doorbell', 'SILENT NO_LOOK LOOK_BEFORE_MARK'],
  ['the sleeper does not look at all', 'doorbell', 'SILENT NO_LOOK'],
  ['the producer looks for sleepers before it publishes', 'doorbell', 'SILENT RING_BEFORE_PUBLISH'],
  ['the epoch loaded before the record is published', 'doorbell', 'N=3 SILENT EPOCH_BEFORE_PUBLISH'],
  ['the sleeper does not watch its peer', 'doorbell', 'MORTAL NO_WATCH'],
  ['a lane is opened and not counted', 'fan-in', 'ONE_OPEN NO_OPENINGS'],
  ['a lane is counted before it is active', 'fan-in', 'ONE_OPEN COUNT_FIRST'],
  ['a lane is active before its state says so', 'fan-in', 'ONE_OPEN STATE_LAST'],
  ['a lane ceases to be active before its last message', 'fan-in', 'ONE_OPEN CLEAR_EARLY'],
  ['the active lanes loaded before openings', 'fan-in', 'ONE_OPEN ACTIVE_BEFORE_OPENINGS'],
  ['only active lanes are taken up', 'fan-in', 'ONE_OPEN ACTIVE_ONLY'],
  ['no check after all producers are watched', 'fan-in', 'ONE_OPEN NO_LOOK_AFTER_WATCH'],
  ['no check of the lanes after the last producer has ended', 'fan-in', 'ONE_OPEN END_WITHOUT_LOOK'],
  ['openings not compared after the check of living producers', 'fan-in', 'ONE_PASS'],
  ['no ring after a lane is opened', 'fan-in', 'ONE_OPEN NO_RING_AT_OPENING'],
  ['no ring before the first lane is opened', 'fan-in', 'NO_RING_BEFORE_OPENING'],
  ['a producer that has not opened a lane is not watched', 'fan-in', 'NO_WATCH_OF_UNUSED'],
  ['the consumer checks for sleepers before it releases room', 'room', 'RING_BEFORE_RELEASE'],
  ['the consumer waits before it releases room', 'room', 'NO_GIVE_BACK'],
  ['the sleeping producer sets no mark', 'room', 'NO_MARK'],
  ['the sleeping producer checks only before its mark', 'room', 'NO_LOOK_AFTER_WATCH LOOK_BEFORE_MARK'],
  ['the sleeping producer does not watch consumers', 'room', 'NO_WATCH'],
  ['no check after the consumers are watched', 'room', 'NO_LOOK_AFTER_WATCH'],
  ['no check for consumers that joined since', 'room', 'J=2 NO_LOOK_AT_WATCHED'],
  ['the sleeping producer runs no barrier', 'room', 'BARRIER NO_BARRIER'],
  ['the barrier after the checks for room', 'room', 'BARRIER BARRIER_LATE'],
  ['no ring when a consumer has joined', 'room', 'J=2 WAIT NO_RING_AFTER_JOIN'],
  ["no ring before a predecessor's bit is cleared", 'room', 'J=3 NO_RING_BEFORE_JOIN'],
  ['no ring before a dead consumer is evicted', 'room', 'P=2 J=2 NO_RING_BEFORE_EVICTION'],
  ['the producer sleeps although it could not claim a lease', 'room', 'P=2 SLEEP_ON_FAILED_CLAIM'],
  ['a consumer evicted without its lease', 'room', 'J=2 EVICT_WITHOUT_LEASE'],
  ['the commit word before the payload', 'lane', 'K=2 N=4 COMMIT_FIRST'],
  ['the payload read before the commit word', 'lane', 'K=2 N=4 PAYLOAD_FIRST'],
  ['no 0 after the record', 'lane', 'K=2 N=4 NO_ZERO'],
  ['the 0 after the record stored last', 'lane', 'K=2 N=4 ZERO_LATE'],
  ['a record released before it is read', 'lane', 'K=2 N=4 RELEASE_FIRST'],
  ['a consumer leaves before it has read', 'lane', 'K=2 N=4 LEAVE_FIRST'],
  ['the base announced after overwriting', 'lane', 'K=2 N=4 ANNOUNCE_LATE'],
  ['no second check of the consumers', 'lane', 'K=2 N=4 NO_SECOND_LOOK'],
  ['the limit beyond the announced base', 'lane', 'K=2 N=4 LIMIT_BEYOND_BASE'],
  ['a joining consumer becomes live after it has chosen its position', 'lane', 'K=2 N=4 LIVE_LAST'],
  ['a lane continued at its announced end', 'lease', 'AT_ANNOUNCED_END'],
  ['the end not announced before the base', 'lease', 'NO_END'],
  ['a lane continued without its lease', 'lease', 'TWO_WRITERS'],
  ['no 0 after the record, and the lane continued', 'lease', 'NO_ZERO'],
  ['eviction without the lease', 'lease', 'EVICT_WITHOUT_LEASE'],
  ['a joining consumer that does not wait for the lease', 'lease', 'NO_CLAIM'],
  ['a joining consumer that does not check the base again', 'lease', 'K=1 N=3 NO_LOOK_AT_BASE'],
  ['the base announced after overwriting', 'overwrite', 'ANNOUNCE_LATE'],
  ['the base stored by halves', 'overwrite', 'TWO_STORES'],
  ['the base loaded before the copy', 'overwrite', 'BASE_BEFORE_COPY'],
  ['the base not loaded after the copy', 'overwrite', 'NO_BASE_CHECK'],
  ['the high half of the base loaded first', 'overwrite', 'HIGH_FIRST'],
  ['the position to continue at loaded by halves', 'overwrite', 'BASE_BY_HALVES'],
  ['the copy made before the commit word is loaded', 'overwrite', 'PAYLOAD_FIRST'],
  ['the commit word before the payload', 'overwrite', 'COMMIT_FIRST'],
  ['no 0 after the record', 'overwrite', 'NO_ZERO'],
  ['the 0 after the record stored last', 'overwrite', 'ZERO_LATE'],
  ['the end stored before its sequence', 'overwrite', 'END_BEFORE_SEQUENCE'],
  ['the end not announced before the base', 'overwrite', 'NO_END'],
  ...['PAIR', 'SEQUENCE'].flatMap((kind) => [
    ['the copy begun before the version is loaded', 'snapshot', `${kind} COPY_FIRST`],
    ['the version loaded again before the copy ends', 'snapshot', `${kind} CHECK_FIRST`],
    ['bytes before the version that announces them', 'snapshot', `${kind} WRITE_FIRST`],
    ['the last version before the bytes', 'snapshot', `${kind} END_FIRST`],
    ['a writer that continues from an outdated version', 'snapshot', `${kind} OUTDATED`],
  ]),
  ['the magic word before the header', 'header', 'MAGIC_FIRST'],
  ['the header read before the magic word', 'header', 'FIELDS_FIRST'],
]

if (spawnSync('spin', ['-V']).error !== undefined) {
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  execFileSync('apt-get', ['update', '-qq'], options)
  execFileSync('apt-get', ['install', '-y', '-qq', 'spin'], options)
}

const exec = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'memlane-model-'))

/** Runs one search. Returns the error that spin found, if any, and the number of states. */
async function check(model, macros, large = false) {
  const cwd = mkdtempSync(join(folder, 'check-'))
  const run = (command, ...args) => exec(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  await run(
    'spin',
    '-a',
    ...macros.split(' ').flatMap((macro) => (macro ? [`-D${macro}`] : [])),
    join(models, `${model}.pml`),
  )
  const level = large ? '-O1' : '-O0' // most searches take less time than compiling them
  await run('gcc', level, '-w', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=1800', '-o', 'pan', 'pan.c')
  // In the lane model, participants may end while others wait. The models of sleepers find participants that sleep forever.
  const { stdout } = await run('./pan', '-m1000000', ...(model === 'lane' ? ['-E'] : []))
  const states = Number(/(\d+) states, stored/.exec(stdout)?.[1])
  const complete = !/max search depth too small|out of memory|Search not completed/.test(stdout)
  const error = /pan:\d+: (.*) \(at depth/.exec(stdout)?.[1]
  return { states, error, complete }
}

let passed = 0
let failed = 0
function count(ok, text) {
  if (ok) passed++
  else failed++
  console.log(`${ok ? 'ok     ' : 'FAILED '} ${text}`)
}

const tasks = [
  ...configurations.map(([model, macros, large]) => async () => {
    const { states, error, complete } = await check(model, macros, large)
    count(
      error === undefined && complete,
      `${model} ${macros}: ${error ?? (complete ? 'holds' : 'not completed')}, ${states} states`,
    )
  }),
  ...mutations.map(([what, model, macros]) => async () => {
    const { states, error } = await check(model, macros)
    const mutation = macros.split(' ').at(-1)
    count(
      error !== undefined,
      `${model} ${mutation}, ${what}: ${error === undefined ? 'not found out' : error}, ${states} states`,
    )
  }),
]

/** Runs tasks until none is left. Two run at a time: each search has one thread. */
async function work() {
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task()
}

try {
  await Promise.all([work(), work()])
} finally {
  rmSync(folder, { recursive: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
