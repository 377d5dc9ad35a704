// Checks the models with spin: each configuration must hold, and each mutation must fail. Ends with "N passed, N failed".
// Installs spin if it is missing (on Debian, as root).
//
//   node check.mjs [--long] [MODEL...]    --long: larger configurations, too, for some minutes; MODEL: only these models

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readArguments } from '../scripts/arguments.mjs'

const models = fileURLToPath(new URL('.', import.meta.url))
const usage = `Usage: npm run model -- [--long] [MODEL...]

Checks the models with spin: each configuration must hold, and each mutation must fail. MODEL: only these models.

  --long   checks larger configurations, too, for some minutes`
const { values: flags, positionals: wanted } = readArguments(usage, {
  options: { long: { type: 'boolean', default: false } },
  allowPositionals: true,
})

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
  ['cells', 'K=2'],
  ['cells', 'K=4'],
  ['cells', 'K=4 WEAK'],
  ['cells', 'K=4 V=8 START=5'],
  ['slot', 'N=2 M=5', true],
  ['slot', 'N=2 M=5 NO_FENCE', true],
  ['slot', 'N=2 M=3 AWAY=1', true],
  ['slot', 'N=2 M=3 BACKS=1', true],
  ['deliveries', 'LIMIT=1'],
  ['deliveries', 'LIMIT=2', true],
  ['deliveries', 'LIMIT=2 RETURNS=1 D=2', true],
  ['deliveries', 'LIMIT=2 RETURNS=1 AWAY=1', true],
  ['deliveries', 'N=2 LIMIT=2 RETURNS=1', true],
  ['deliveries', 'N=2 M=3 KEEP=1 LIMIT=1 D=0', true],
  ['deliveries', 'LIMIT=2 RETURNS=1 BACKS=1 D=0'],
  ['queue', 'N=1 M=2', true],
  ['queue', 'N=2 M=2', true],
  ['queue', 'N=2 M=5 BATCH=2 D=0 POLL', true],
  ['queue', 'N=2 M=4 BATCH=2 POLL', true],
  ['queue', 'N=2 M=3 C=3 D=0 POLL', true],
  ['queue', 'P=2 N=1 M=1 POLL', true],
  ['queue', 'N=2 M=2 RETRIES=1 POLL', true],
  ['queue', 'N=1 M=1 C=3 X=1 POLL', true],
  ['queue', 'N=1 M=1 L=2', true],
  ['queue', 'N=1 M=1 J=2 D=2 POLL', true],
  ['queue', 'N=1 M=1 J=2 X=1 POLL'],
  ['queue', 'N=1 M=1 JOIN', true],
  ['queue', 'N=1 M=2 C=1 JOIN', true],
  ['queue', 'N=1 M=1 X=1', true],
  ['queue', 'N=1 M=1 RETRIES=1', true],
  ['queue', 'N=1 M=1 RETRIES=1 LEAVE D=0', true],
  ['queue', 'N=1 M=1 AWAY=1 D=0', true],
  ['queue', 'N=1 M=1 AWAY=2 G=2 D=0 POLL'],
  ['queue', 'N=1 M=1 BACKS=1'],
  ['queue', 'N=1 M=1 RETRIES=1 BACKS=1 D=0', true],
  ['queue', 'N=2 M=3 BACKS=1 D=0 POLL'],
  ['queue', 'N=2 M=2 L=2 BACKS=1 POLL'],
  ['queue', 'N=1 M=1 PROGRESS', true],
  ['call', 'M=2 D=0'],
  ['call', 'D=2'],
  ['call', 'V=1 M=2 L=2 D=2'],
  ['call', 'V=1 JOIN J=2 D=2'],
  ['call', 'K=2 V=1'],
  ['call', 'X=1'],
  ['call', 'HANG'],
  ['call', 'V=1 M=2 HANG'],
  ['call', 'PARTS=1'],
  ['call', 'V=1 M=2 PARTS=2 D=2'],
  ['call', 'IDEMPOTENT D=2'],
  ['call', 'IDEMPOTENT EXPIRE'],
  ['call', 'HANG CLOSE=1'],
  ['call', 'IDEMPOTENT CLOSE=1 D=0'],
  ['call-ring', 'M=5 V=1'],
  ['call-ring', 'N=3 M=5 V=1'],
  ['call-ring', 'M=3 L=2 D=1'],
]

/** Configurations that take longer: only with --long. */
const longConfigurations = [
  ['deliveries', 'LIMIT=2 D=2'],
  ['deliveries', 'LIMIT=2 AWAY=1'],
  ['deliveries', 'N=2 LIMIT=2'],
  ['deliveries', 'LIMIT=2 RETURNS=1 BACKS=1'],
  ['deliveries', 'N=2 LIMIT=1 RETURNS=1 BACKS=1'],
  ['queue', 'N=1 M=2 D=2'],
  ['queue', 'N=1 M=2 L=2'],
  ['queue', 'N=1 M=2 RETRIES=1 LEAVE D=0'],
  ['queue', 'N=1 M=2 BACKS=1 D=0'],
  ['queue', 'N=1 M=2 AWAY=1 BACKS=1 D=0 POLL'],
  ['queue', 'N=2 M=2 RETRIES=1 BACKS=1 D=0 POLL'],
  ['queue', 'N=2 M=3 L=2 BACKS=1 POLL'],
  ['call', 'M=2'],
  ['call', 'M=2 L=2'],
  ['call', 'J=2'],
  ['call', 'M=2 MIXED'],
  ['call', 'PARTS=1 X=1'],
  ['call', 'PARTS=1 CLOSE=1'],
  ['call', 'IDEMPOTENT X=1'],
  ['call', 'IDEMPOTENT CLOSE=1'],
  ['call-ring', 'M=4'],
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
  ['more versions than cells: the limit is one too large', 'cells', 'LIMIT_TOO_LARGE'],
  ['the version before its cell', 'cells', 'VERSION_FIRST'],
  ['no fence after the version', 'cells', 'WEAK NO_FENCE'],
  ['the copy begun before the version is loaded', 'cells', 'COPY_FIRST'],
  ['the version loaded again before the copy ends', 'cells', 'CHECK_FIRST'],
  ['the version not loaded again', 'cells', 'NO_CHECK'],
  ['a writer that continues from an outdated version', 'cells', 'OUTDATED'],
  ['the upper half of the version behind the lower one', 'cells', 'V=8 START=5 HIGH_LATE'],
  ['a version that wraps and leaves out 0', 'cells', 'V=8 START=5 SKIP_ZERO'],
  ['the tail before the payload, the word and the entry', 'slot', 'PLAIN_TAIL'],
  ['the entry read before the tail', 'slot', 'ENTRY_FIRST'],
  ['the payload read after the acknowledgement', 'slot', 'PAYLOAD_AFTER_ACK'],
  ['a slot filled before its word is loaded', 'slot', 'FILL_FIRST'],
  ['a copy of a message checked before the copy ends', 'slot', 'M=3 AWAY=1 CHECK_BEFORE_COPY'],
  ['neither the fence after the tail nor the strict check of the lap', 'slot', 'LAP_OF_RING NO_FENCE'],
  ['a message taken back after its slot is filled', 'slot', 'M=3 BACKS=1 FILL_BEFORE_BACK'],
  ['the base stored after the word', 'deliveries', 'BASE_AFTER_READY'],
  ['the base not stored', 'deliveries', 'BASE_KEPT'],
  ['one delivery more than the limit', 'deliveries', 'LIMIT_LATE'],
  ['the deliveries not counted when a consumer dies', 'deliveries', 'NO_LIMIT_AT_DEATH'],
  ['a note read without its generation', 'deliveries', 'LIMIT=1 NOTE_OF_ANY_GENERATION'],
  ["a note's generation stored before the rest of it", 'deliveries', 'LIMIT=2 D=2 NOTE_GENERATION_FIRST'],
  ['a rejected message known only by its kind', 'deliveries', 'REJECTION_FORGOTTEN'],
  ['the base changed after the message is returned', 'deliveries', 'FREE_AFTER_RETURNED'],
  ['a note written without the kind "returning"', 'deliveries', 'AWAY=1 NO_RETURNING'],
  ['a message taken away while its consumer returns it', 'deliveries', 'AWAY=1 TAKE_AWAY_RETURNING'],
  ['a dead letter sent back with its old count', 'deliveries', 'RESEND_KEEPS_COUNT'],
  ['a dead letter dropped by a plain store', 'deliveries', 'DROP_BY_STORE'],
  ['a ring of N entries, without a tail', 'queue', 'N=2 M=4 D=0 SHORT_RING NO_TAIL'],
  ['no check whether the entry was overwritten', 'queue', 'N=2 M=5 D=0 POLL NO_LAP_CHECK'],
  ['with batches, entries up to 2N behind the tail taken for whole', 'queue', 'N=2 M=5 BATCH=2 D=0 POLL LAP_OF_RING'],
  ['an entry without the generation', 'queue', 'M=3 D=0 POLL NO_GENERATION_IN_ENTRY'],
  ['the tail before the word', 'queue', 'M=1 D=0 POLL TAIL_BEFORE_READY'],
  ['the tail before the entry', 'queue', 'M=1 D=0 POLL TAIL_BEFORE_ENTRY'],
  ["a dead producer's unpublished message keeps its slot", 'queue', 'M=1 L=2 POLL NO_FREE_UNPUBLISHED'],
  ["a dead producer's published message loses its slot", 'queue', 'N=2 M=2 L=2 POLL FREE_PUBLISHED'],
  ['a generation that does not rise with a take', 'queue', 'M=1 D=0 AWAY=1 POLL NO_TICKETS GENERATION_PER_USE'],
  ['an older holder of a slot not told that it has lost it', 'queue', 'M=1 D=0 AWAY=2 G=2 POLL NO_TICKETS'],
  ['a late acknowledgement that does not compare', 'queue', 'M=1 D=0 AWAY=1 POLL LATE_ACK_WINS'],
  ['a view not checked after the copy', 'queue', 'M=2 D=0 AWAY=1 POLL NO_VIEW_CHECK'],
  ['the returns counted before the word is stored', 'queue', 'M=1 D=0 RETRIES=1 LEAVE COUNT_BEFORE_RETURNED'],
  ['the returns not counted', 'queue', 'M=1 D=0 RETRIES=1 NO_COUNT'],
  ['the returns seen before the scan', 'queue', 'N=2 M=2 RETRIES=1 POLL SEEN_FIRST'],
  ['the returns still seen although a scan has taken a message', 'queue', 'N=2 M=2 RETRIES=1 POLL KEEP_SEEN'],
  ['no scan when a delayed message is due', 'queue', 'M=1 D=0 RETRIES=1 NO_SCAN_WHEN_DUE'],
  ['a delayed message taken at once', 'queue', 'M=1 D=0 RETRIES=1 DELAY_IGNORED'],
  ["a dead consumer's lease claimed before its messages are returned", 'queue', 'M=1 C=3 X=1 POLL CLAIM_FIRST'],
  ['a dead consumer not live before that', 'queue', 'M=1 C=3 D=2 POLL CLAIM_FIRST LIVE_CLEARED_FIRST'],
  ['the lease asked before the word is loaded', 'queue', 'M=1 J=2 POLL ASK_BEFORE_LOAD'],
  ['a newcomer that returns no messages before it claims a place', 'queue', 'M=1 J=2 X=1 POLL NO_SCAN_BEFORE_CLAIM'],
  ['a newcomer that returns none at all', 'queue', 'M=1 J=2 POLL NO_SCAN_BEFORE_CLAIM NO_SCAN_AT_JOIN'],
  ['a message taken back although an older one waits', 'queue', 'N=2 M=3 D=0 BACKS=1 POLL BACK_ANY'],
  ['a message taken back that keeps its generation', 'queue', 'M=2 D=0 BACKS=1 POLL BACK_KEEPS_GENERATION'],
  ['a message taken back without a comparison', 'queue', 'M=1 D=0 BACKS=1 POLL BACK_STORES'],
  ['a message taken back while its consumer returns it', 'queue', 'M=1 D=0 RETRIES=1 BACKS=1 POLL BACK_RETURNING'],
  ['the sleeping consumer sets no mark', 'queue', 'M=1 D=0 NO_MARK'],
  ['the sleeping consumer sets no mark, in the search for liveness', 'queue', 'M=1 D=0 PROGRESS NO_MARK'],
  ['the sleeping consumer does not watch producers', 'queue', 'M=1 NO_WATCH_OF_PRODUCERS'],
  ['no check after the peers are watched', 'queue', 'M=1 NO_LOOK_AFTER_WATCH'],
  ['the sleeping producer sets no mark', 'queue', 'M=2 D=0 NO_PRODUCER_MARK'],
  ['the sleeping producer does not check', 'queue', 'M=2 D=0 NO_PRODUCER_LOOK NO_PRODUCER_LOOK_AFTER_WATCH'],
  ['the sleeping producer does not watch consumers', 'queue', 'M=2 NO_PRODUCER_WATCH'],
  ['no check after the consumers are watched', 'queue', 'M=2 NO_PRODUCER_LOOK_AFTER_WATCH'],
  ['the producer checks for sleepers before it publishes', 'queue', 'M=1 D=0 RING_BEFORE_TAIL'],
  ['no ring when a consumer has joined', 'queue', 'M=2 C=1 JOIN NO_RING_AFTER_JOIN'],
  ['a ring before a consumer has joined, and none after', 'queue', 'M=2 C=1 JOIN NO_RING_AFTER_JOIN RING_BEFORE_JOIN'],
  ['a request taken without a comparison', 'call', 'TAKE_STORES'],
  ['the word before the answer', 'call', 'ANSWER_FIRST'],
  ['the answer written over the request', 'call', 'IDEMPOTENT ONE_LENGTH'],
  ['the server checks for a sleeping client before it answers', 'call', 'D=0 RING_BEFORE_ANSWER'],
  ['the sleeping client sets no mark', 'call', 'D=0 NO_MARK'],
  ['the sleeping client checks only before its mark', 'call', 'D=0 LOOK_BEFORE_MARK'],
  ['the sleeping client does not watch servers', 'call', 'NO_WATCH_OF_SERVERS'],
  ['the sleeping client checks only before it watches servers', 'call', 'LOOK_BEFORE_WATCH'],
  ['the sleeping client checks only the completion bits', 'call', 'BITS_ONLY'],
  ['the sleeping server sets no mark', 'call', 'D=0 NO_SERVER_MARK'],
  ['the sleeping server checks only before its mark', 'call', 'D=0 SERVER_LOOKS_BEFORE_MARK'],
  ['the sleeping server does not watch clients', 'call', 'NO_WATCH_OF_CLIENTS'],
  ['the sleeping server does not watch other servers', 'call', 'NO_WATCH_OF_OTHERS'],
  ['a part without a comparison', 'call', 'PARTS=1 PART_STORES'],
  ['the word before the part', 'call', 'PARTS=1 PART_FIRST'],
  ['a part given back without a comparison', 'call', 'PARTS=1 HAND_BACK_STORES'],
  ['a part given back before it is read', 'call', 'PARTS=2 HAND_BACK_FIRST'],
  ['no ring when a part is given back', 'call', 'PARTS=1 NO_RING_AT_PART'],
  ['a call canceled without a comparison', 'call', 'CANCEL_STORES'],
  ['a canceled call frees the slot that its server holds', 'call', 'CANCEL_FREES'],
  ['a canceled call that was returned counts as not taken', 'call', 'IDEMPOTENT RETURNED_IS_NOT_TAKEN'],
  ['no ring when a call is canceled', 'call', 'HANG M=2 D=0 NO_RING_AT_CANCEL'],
  ['an abandoned slot that its server does not free', 'call', 'M=2 NO_RELEASE'],
  ['no ring when an abandoned slot is free', 'call', 'M=2 NO_RING_AT_FREE'],
  ['an expired call that was returned counts as not taken', 'call', 'EXPIRE IDEMPOTENT EXPIRED_IS_NOT_TAKEN'],
  ["a dead server's slot recovered in one attempt", 'call', 'PARTS=1 RECOVER_ONCE'],
  ["a dead server's answers recovered, too", 'call', 'RECOVER_ANSWERED'],
  ["the lease asked before the slot's word is loaded", 'call', 'J=2 ASK_BEFORE_LOAD'],
  ["a dead server's lease claimed before its calls are recovered", 'call', 'X=1 CLAIM_FIRST'],
  ['a dead server not live before that', 'call', 'D=2 CLAIM_FIRST LIVE_CLEARED_FIRST'],
  ["a newcomer that does not recover its predecessor's calls", 'call', 'V=1 J=2 NO_SCAN_AT_JOIN'],
  ['no ring when a server has joined', 'call', 'JOIN J=2 V=1 NO_RING_AFTER_JOIN'],
  ['the returned calls not counted', 'call', 'IDEMPOTENT NO_COUNT'],
  ['the returned calls counted before the word is stored', 'call', 'IDEMPOTENT COUNT_BEFORE_RETURNED'],
  ['a streamed call returned', 'call', 'PARTS=1 RETURN_STREAMS'],
  ["a dead client's place not cleaned up", 'call', 'PARTS=1 NO_CLEAN'],
  ["a dead client's slot cleaned up in one attempt", 'call', 'PARTS=1 CLEAN_ONCE'],
  ["a dead client's slot cleaned up without a comparison", 'call', 'PARTS=1 CLEAN_STORES'],
  ["a dead client's slot freed although a server holds it", 'call', 'CLEAN_FREES'],
  ["a client's slot cleaned up without its lease", 'call', 'V=1 L=2 M=2 CLEAN_WITHOUT_LEASE'],
  ["a dead client's lease claimed before its slots are cleaned up", 'call', 'PARTS=1 X=1 CLEAN_CLAIMS_FIRST'],
  [
    'a server that sleeps although it could not claim the lease',
    'call',
    'V=1 L=2 M=2 PARTS=1 D=2 SLEEP_ON_FAILED_CLAIM',
  ],
  ['a place closed before it is cleaned up', 'call', 'PARTS=1 D=2 CLEAN_CLAIMS_FIRST CLOSED_BEFORE_CLEAN'],
  ['a client that closes before it cancels its call', 'call', 'HANG CLOSED_FIRST'],
  ['no ring when a client has connected', 'call', 'V=1 L=2 M=2 D=2 NO_RING_AT_CONNECT'],
  ['a server that closes and gives up its call without a comparison', 'call', 'IDEMPOTENT CLOSE=1 D=0 CLOSE_STORES'],
  ['a server that closes and gives up its call in one attempt', 'call', 'CLOSE=1 D=0 RECOVER_ONCE'],
  ['a server that is not live before it gives up its call', 'call', 'CLOSE=1 CLOSE_LIVE_FIRST'],
  ['a handler that writes after its server has closed', 'call', 'CLOSE=1 M=2 D=0 LATE_HANDLER'],
  ['the entry of a waiting request not appended again', 'call-ring', 'M=5 V=1 NO_APPEND_AGAIN'],
  ['only one entry appended again', 'call-ring', 'N=3 M=5 V=1 APPEND_ONCE'],
  ['entries up to 2N behind the tail taken for whole', 'call-ring', 'M=5 V=1 LAP_OF_RING'],
  ['no check whether the entry was overwritten', 'call-ring', 'M=5 V=1 NO_LAP_CHECK'],
  ['a canceled request that keeps its generation', 'call-ring', 'M=4 V=1 CANCEL_KEEPS_GENERATION'],
  ['a request canceled without a comparison', 'call-ring', 'M=3 CANCEL_STORES'],
  ["a dead client's request that keeps its generation", 'call-ring', 'M=3 V=1 L=2 D=1 CLEAN_KEEPS_GENERATION'],
]

const names = [...new Set(configurations.map(([model]) => model))]
const unknown = wanted.find((name) => !names.includes(name))
if (unknown !== undefined) {
  console.error(`There is no model '${unknown}'. Models: ${names.join(', ')}`)
  process.exit(2)
}

if (spawnSync('spin', ['-V']).error !== undefined) {
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  execFileSync('apt-get', ['update', '-qq'], options)
  execFileSync('apt-get', ['install', '-y', '-qq', 'spin'], options)
}

const exec = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'memlane-model-'))

/**
 * Runs one search. Returns the error that spin found, if any, and the number of states.
 *
 * @param options `large`: optimizes the search. `onlyFormula`: ignores assertions if there is a formula
 */
async function check(model, macros, { large = false, onlyFormula = false } = {}) {
  const cwd = mkdtempSync(join(folder, 'check-'))
  const run = (command, ...args) => exec(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  await run(
    'spin',
    '-a',
    ...macros.split(' ').flatMap((macro) => (macro ? [`-D${macro}`] : [])),
    join(models, `${model}.pml`),
  )
  const level = large ? '-O1' : '-O0' // most searches take less time than compiling them
  const hasFormula = macros.includes('PROGRESS') // searches for liveness, with weak fairness
  const kind = hasFormula ? '-DNFAIR=3' : '-DSAFETY'
  await run('gcc', level, '-w', kind, '-DCOLLAPSE', '-DMEMLIM=1800', '-o', 'pan', 'pan.c')
  // In the lane model, participants may end while others wait. The models of sleepers find participants that sleep forever.
  const search = [...(model === 'lane' ? ['-E'] : []), ...(hasFormula ? ['-a', '-f'] : [])]
  if (hasFormula && onlyFormula) search.push('-A')
  const { stdout } = await run('./pan', '-m1000000', ...search)
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

const isWanted = (model) => wanted.length === 0 || wanted.includes(model)
const larger = flags.long ? longConfigurations.map(([model, macros]) => [model, macros, true]) : []
const tasks = [
  ...[...configurations, ...larger]
    .filter(([model]) => isWanted(model))
    .map(([model, macros, large]) => async () => {
      const { states, error, complete } = await check(model, macros, { large })
      count(
        error === undefined && complete,
        `${model} ${macros}: ${error ?? (complete ? 'holds' : 'not completed')}, ${states} states`,
      )
    }),
  ...mutations
    .filter(([, model]) => isWanted(model))
    .map(([what, model, macros]) => async () => {
      const { states, error } = await check(model, macros, { onlyFormula: true })
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
