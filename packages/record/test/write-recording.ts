import { Payload } from '@memlane/inspect/internal'
import type { ChannelNote } from '../src/file/channel-note.js'
import { payloadOf } from '../src/file/channel-note.js'
import { loadCompression } from '../src/file/compression.js'
import { RecordedChannel } from '../src/record/recorded-channel.js'
import { RecordedFile } from '../src/record/recorded-file.js'

type Note = Pick<ChannelNote, 'name' | 'shape' | 'schema'> & Partial<ChannelNote>
type Messages = readonly { readonly timeMs: number; readonly value?: unknown; readonly bytes?: Uint8Array }[]

/** Writes a recording without any memory, as JSON. */
export async function writeRecording(
  file: string,
  note: Note,
  messages: Messages,
  ...others: readonly (readonly [note: Note, messages: Messages])[]
): Promise<void> {
  const recorded = await RecordedFile.create(file, await loadCompression('zstd'), new Map())
  for (const [each, ofChannel] of [[note, messages] as const, ...others]) {
    const whole = { instance: '', producer: 0, key: undefined, options: {}, ...each }
    const channel = new RecordedChannel(whole, 'json')
    const payload = new Payload(payloadOf(whole) ?? { kind: 'payload', encoding: 'bytes' })
    for (const [sequence, { timeMs, value, bytes = payload.encode(value) }] of ofChannel.entries()) {
      const data = channel.encoding.record({
        value: payload.decode(bytes),
        payload: new DataView(bytes.buffer as ArrayBuffer),
      })
      const logTime = 1_700_000_000_000_000_000n + BigInt(timeMs) * 1_000_000n
      recorded.add({ channel, sequence, logTime, publishTime: logTime, data })
    }
  }
  recorded.flush([])
  await recorded.finish()
}
