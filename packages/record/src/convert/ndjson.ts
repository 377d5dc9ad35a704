import { messageJson } from '@memlane/inspect/internal'
import type { ReadableChannel } from '../file/recorded-channels.js'
import type { MessageSink } from './message-sink.js'
import { TextFile } from './text-file.js'

/** Writes messages of any channels as JSON, one a line: times as nanoseconds since 1970 and other 64-bit integers as strings. */
export async function ndjsonSink(path: string): Promise<MessageSink> {
  const file = await TextFile.create(path)
  const channels = new Map<ReadableChannel, { readonly start: string; readonly write: (value: unknown) => string }>()
  const formOf = (channel: ReadableChannel) => {
    const { note, encoding } = channel
    const known = channels.get(channel)
    if (known !== undefined) return known
    const key = note.schema.kind === 'board' ? `,"key":${JSON.stringify(note.key)}` : ''
    const start = `{"name":${JSON.stringify(note.name)}${key},"producer":${note.producer},"sequence":`
    const form = { start, write: messageJson(encoding.descriptor).write }
    channels.set(channel, form)
    return form
  }
  return {
    add({ channel, sequence, logTime, publishTime, value }) {
      const { start, write } = formOf(channel)
      return file.add(
        `${start}${sequence},"logTime":"${logTime}","publishTime":"${publishTime}","value":${write(value)}}`,
      )
    },
    end: () => file.end(),
  }
}
