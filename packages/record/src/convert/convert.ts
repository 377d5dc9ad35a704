import { access, rm } from 'node:fs/promises'
import { extname } from 'node:path'
import { checkOneOf, checkOptions, checkText, type OptionChecks } from '@memlane/core/internal'
import { nameFilter } from '@memlane/inspect'
import { type ReadableChannel, readableChannels } from '../file/recorded-channels.js'
import { openRecording } from '../file/recording-file.js'
import { recordError } from '../record-error.js'
import { csvSink } from './csv.js'
import type { MessageSink } from './message-sink.js'
import { ndjsonSink } from './ndjson.js'
import { parquetSink } from './parquet.js'

/** What a recording can be converted to. */
export type ConvertFormat = 'csv' | 'ndjson' | 'parquet'

/** Options of `convert`. */
export interface ConvertOptions {
  to: ConvertFormat
  /** The path of the result. Default: the path of the recording, with another extension. */
  output?: string
  /** The memories to convert: names, or patterns with `*` and `?`. Default: all. */
  names?: string | readonly string[]
}

/** What `convert` has written. */
export interface ConvertReport {
  readonly messages: number
  readonly files: readonly string[]
  /** Topics that memlane did not record, and cannot convert. */
  readonly skipped: readonly string[]
}

const checks: OptionChecks<ConvertOptions> = {
  to: checkOneOf('csv', 'ndjson', 'parquet'),
  output: checkText,
  names: () => {},
}

/**
 * Converts the messages of a recording. NDJSON holds all messages in one file. A table holds messages of one schema: with several
 * memories, the name of each is added to the name of its CSV or Parquet file.
 *
 * Leaves no result if it fails.
 *
 * @throws SharedMemoryError `DAMAGED_FILE`; `FILE_EXISTS` if a result exists; `NOT_RECORDED` if the file has no channel that
 * memlane recorded and `names` admits; `UNFIT_MESSAGE`; the error of the system
 * @throws TypeError if an option is unknown or has the wrong type
 */
export async function convert(file: string, options: ConvertOptions): Promise<ConvertReport> {
  checkOptions('convert', options, checks)
  const { to, output = file.replace(/(\.mcap)?$/, `.${to}`), names = '*' } = options
  if (to === undefined) throw new TypeError('convert needs the option "to"')
  const isWanted = nameFilter(typeof names === 'string' ? [names] : names)
  const { reader, messages: readMessages, close } = await openRecording(file)
  try {
    const readable = readableChannels(reader.channelsById.values())
    const known = new Set(readable.map(({ id }) => id))
    const skipped = [...reader.channelsById.values()].filter(({ id }) => !known.has(id)).map(({ topic }) => topic)
    const channels = readable.filter(({ note }) => isWanted(note.name))
    if (channels.length === 0) {
      throw recordError('NOT_RECORDED', file, 'memlane recorded none of its channels, or no recorded name matches.')
    }
    const tables = to === 'ndjson' ? [{ path: output, channels }] : tablesOf(channels, output)
    for (const { path } of tables) await refuseExisting(path)
    const created = new Map<string, MessageSink>()
    const sinks = new Map<number, MessageSink>()
    let messages = 0
    const byId = new Map(channels.map((channel) => [channel.id, channel]))
    try {
      for (const { path, channels: ofTable } of tables) {
        const sink = await createSink(to, path, ofTable[0] as ReadableChannel)
        created.set(path, sink)
        for (const { id } of ofTable) sinks.set(id, sink)
      }
      for await (const { channelId, sequence, logTime, publishTime, data } of readMessages()) {
        const channel = byId.get(channelId)
        if (channel === undefined) continue
        const value = valueIn(file, channel, sequence, data)
        const pending = sinks.get(channelId)?.add({ channel, sequence, logTime, publishTime, value })
        if (pending !== undefined) await pending
        messages++
      }
      for (const sink of created.values()) await sink.end()
    } catch (error) {
      await Promise.allSettled([...created.values()].map((sink) => sink.end()))
      for (const path of created.keys()) await rm(path, { force: true })
      throw error
    }
    return { messages, files: tables.map(({ path }) => path), skipped }
  } finally {
    await close()
  }
}

/** Groups channels whose messages fit into one table. */
function tablesOf(channels: readonly ReadableChannel[], output: string) {
  const groups = new Map<string, ReadableChannel[]>()
  for (const channel of channels) {
    const place = `${channel.topic} ${JSON.stringify(channel.encoding.descriptor)}`
    groups.set(place, [...(groups.get(place) ?? []), channel])
  }
  if (groups.size === 1) return [{ path: output, channels }]
  const extension = extname(output)
  const stem = extension === '' ? output : output.slice(0, -extension.length)
  const used = new Set<string>()
  return [...groups.values()].map((group) => {
    const plain = `${stem}-${(group[0] as ReadableChannel).topic.replace(/[^\w.-]/g, '_')}`
    let path = `${plain}${extension}`
    for (let number = 2; used.has(path); number++) path = `${plain}-${number}${extension}`
    used.add(path)
    return { path, channels: group }
  })
}

async function createSink(to: ConvertFormat, path: string, { encoding }: ReadableChannel): Promise<MessageSink> {
  if (to === 'ndjson') return ndjsonSink(path)
  return to === 'csv' ? csvSink(path, encoding.descriptor) : parquetSink(path, encoding.descriptor)
}

async function refuseExisting(path: string): Promise<void> {
  try {
    await access(path)
  } catch {
    return
  }
  throw recordError('FILE_EXISTS', path, 'the file exists. Choose another name, or delete it.')
}

function valueIn(file: string, { encoding, topic }: ReadableChannel, sequence: number, data: Uint8Array): unknown {
  try {
    return encoding.valueIn(data)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw recordError('UNFIT_MESSAGE', file, `message ${sequence} of "${topic}" cannot be read: ${reason}`, error)
  }
}
