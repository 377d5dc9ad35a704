import type { OpenOptions } from '@memlane/core'
import {
  checkOneOf,
  checkOptions,
  checkText,
  checkWholeNumber,
  type OptionChecks,
  openChecks,
} from '@memlane/core/internal'
import type { Encoding } from '../encode/message-encoding.js'
import { type Compression, loadCompression } from '../file/compression.js'
import { FileOutput } from './file-output.js'
import { FileSequence } from './file-sequence.js'
import { RecordedFile } from './recorded-file.js'
import { Recording } from './recording.js'
import { RecordingClock } from './recording-clock.js'
import { SnapshotOutput } from './snapshot-output.js'
import { type RecordStart, SourceSet } from './source-set.js'

/** Options of `record`. */
export interface RecordOptions {
  /** How messages lie in the file: `json` (default), `protobuf`, or `raw`. */
  encode?: Encoding
  /** How chunks are compressed: `zstd` (default) or `none`. */
  compression?: Compression
  /**
   * Where to begin in memory that is there already: with what comes from `now` on, with the `newest` message held, or with the
   * `oldest`. Default: `newest` for latests, `now` for streams and queues. Memory that appears later is recorded from its beginning.
   */
  from?: RecordStart
  /** Begins another file once a file has so many bytes. The files are numbered: `run.mcap` becomes `run-0001.mcap`, … */
  maxFileBytes?: number
  /** Begins another file after so many milliseconds. */
  maxFileMs?: number
  /**
   * Keeps the messages of the last so many milliseconds in memory instead of writing them. `recording.snapshot()` writes them into
   * a numbered file.
   */
  snapshotMs?: number
  /** A text for people, kept in the file. */
  description?: string
  /**
   * How often the recorder looks for messages, in milliseconds. Default 2. It must look again before a producer overwrites its lane;
   * `missed` counts what it did not see.
   */
  intervalMs?: number
  /** The owners of memory to accept besides this user and root: see `SharedMemory.open`. Default: no other owners. */
  trustOwner?: NonNullable<OpenOptions['trustOwner']>
}

const length = checkWholeNumber(1)
const duration = checkWholeNumber(1, Number.MAX_SAFE_INTEGER, 'milliseconds')
const checks: OptionChecks<RecordOptions> = {
  encode: checkOneOf('json', 'protobuf', 'raw'),
  compression: checkOneOf('zstd', 'none'),
  from: checkOneOf('now', 'newest', 'oldest'),
  maxFileBytes: length,
  maxFileMs: duration,
  snapshotMs: duration,
  description: checkText,
  intervalMs: checkWholeNumber(1, 60_000, 'milliseconds'),
  trustOwner: openChecks.trustOwner,
}

/**
 * Records streams, latests and queues into an MCAP file, until `stop()` is called. The recorder is an observer: it takes no place,
 * and no producer waits for it. Memory that does not exist yet is recorded as soon as it appears. If it then cannot be recorded, it is
 * left out.
 *
 * The file is called `FILE.partial` until it is finished. What was recorded is handed to the system twice a second, so a
 * recorder that is killed loses half a second at most: see `recover`.
 *
 * @param names the memories: names, or patterns with `*` and `?`
 * @param file the path of the file, such as `run.mcap`
 * @throws SharedMemoryError `FILE_EXISTS` if the file or its `.partial` file exists; the error of the system if it cannot be
 * created; for a name that is no pattern, as `openTail` of `@memlane/inspect`, except for `NOT_FOUND`
 * @throws TypeError if an option is unknown or has the wrong type, or without names; RangeError for a number out of its range
 */
export async function record(
  names: string | readonly string[],
  file: string,
  options: RecordOptions = {},
): Promise<Recording> {
  checkOptions('record', options, checks)
  const { encode = 'json', compression = 'zstd', from, intervalMs = 2, snapshotMs, description, trustOwner } = options
  const wanted = typeof names === 'string' ? [names] : names
  if (wanted.length === 0) throw new TypeError('record needs at least one name')
  const compress = await loadCompression(compression)
  const clock = new RecordingClock()
  const sources = new SourceSet(wanted, encode, from, trustOwner === undefined ? {} : { trustOwner })
  sources.scan() // before a file is created
  try {
    const facts = new Map([
      ['names', wanted.join(' ')],
      ['encode', encode],
      ['started', new Date().toISOString()],
    ])
    if (description !== undefined) facts.set('description', description)
    const create = (path: string) => RecordedFile.create(path, compress, facts)
    const { maxFileBytes, maxFileMs } = options
    const isNumbered = [maxFileBytes, maxFileMs, snapshotMs].some((limit) => limit !== undefined)
    const sequence = new FileSequence(file, isNumbered)
    const limits = { maxBytes: maxFileBytes ?? Infinity, maxMs: maxFileMs ?? Infinity }
    const output =
      snapshotMs === undefined
        ? await FileOutput.create(sequence, create, limits)
        : new SnapshotOutput(sequence, create, snapshotMs)
    return new Recording(sources, output, clock, intervalMs)
  } catch (error) {
    sources.close()
    throw error
  }
}
