import { checkOptions } from '@memlane/core/internal'
import { nameFilter } from '@memlane/inspect'
import { readableChannels } from '../file/recorded-channels.js'
import { openRecording } from '../file/recording-file.js'
import { recordError } from '../record-error.js'
import { type ReplayOptions, replayChecks } from './replay-options.js'
import { ReplayRun } from './replay-run.js'

/**
 * Replays a recording: creates the recorded memory, and sends the messages at their times. Streams, latests and queues have the
 * schema and the sizes that they had. The order of messages is that of the recording, also between producers: one producer sends
 * them all.
 *
 * Close to the time of a message, the thread blocks for up to 1.5 milliseconds, because timers are late by as much.
 *
 * @throws SharedMemoryError `DAMAGED_FILE`; `NOT_RECORDED` if the file has no channel that memlane recorded and `names` admits; as
 * `createStream`, `createLatest` and `createQueue`; the error of the system, such as `ENOENT`
 * @throws TypeError if an option is unknown or has the wrong type; RangeError for a number out of its range
 */
export async function replay(file: string, options: ReplayOptions = {}): Promise<ReplayRun> {
  checkOptions('replay', options, replayChecks)
  const { names = '*', rename = {}, existing = 'take-over', ...rest } = options
  if (isAfter(rest.start, rest.end)) throw new RangeError('start must not be after end')
  const isWanted = nameFilter(typeof names === 'string' ? [names] : names)
  const recording = await openRecording(file)
  try {
    const channels = readableChannels(recording.reader.channelsById.values())
    const wanted = channels.filter(({ note }) => isWanted(note.name))
    if (wanted.length === 0) {
      const why = channels.length === 0 ? 'memlane recorded none of its channels' : 'no recorded name matches'
      throw recordError('NOT_RECORDED', file, `${why}. \`info\` lists what is there.`)
    }
    return new ReplayRun(file, recording, wanted, (name) => rename[name] ?? name, existing, rest)
  } catch (error) {
    await recording.close()
    throw error
  }
}

/** A time and milliseconds cannot be compared before the recording is open. */
function isAfter(start: number | Date | undefined, end: number | Date | undefined): boolean {
  return start !== undefined && end !== undefined && typeof start === typeof end && Number(start) > Number(end)
}
