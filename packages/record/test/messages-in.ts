import { readableChannels } from '../src/file/recorded-channels.js'
import { openRecording } from '../src/file/recording-file.js'

/** Reads all messages of a recording. */
export async function messagesIn(file: string) {
  const { reader, close } = await openRecording(file)
  try {
    const channels = new Map(readableChannels(reader.channelsById.values()).map((channel) => [channel.id, channel]))
    const messages = []
    for await (const { channelId, sequence, data, logTime, publishTime } of reader.readMessages()) {
      const { topic, encoding, note } = channels.get(channelId) ?? {}
      messages.push({ topic, note, sequence, value: encoding?.valueIn(data), logTime, publishTime })
    }
    return messages
  } finally {
    await close()
  }
}
