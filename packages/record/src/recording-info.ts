import { noteFromMetadata, type RecordedShape, topicOf } from './file/channel-note.js'
import { openRecording } from './file/recording-file.js'
import { GAP, type Gap, gapFromMetadata } from './record/gap.js'

/** One memory in a recording. */
export interface RecordedMemory {
  /** The name of the memory; of a channel that memlane did not record, its topic. */
  readonly name: string
  /** Undefined for a channel that memlane did not record. */
  readonly shape: RecordedShape | undefined
  /** The key of a board. */
  readonly key: string | undefined
  /** `json`, `protobuf`, `x-memlane` (raw), or that of another program. */
  readonly encoding: string
  /** The name of the schema. */
  readonly schema: string
  readonly messages: number
  /** Messages that are not in the recording. */
  readonly missed: number
}

/** What a recording holds. */
export interface RecordingInfo {
  readonly file: string
  /** Bytes. */
  readonly length: number
  /** Bytes of all chunks before compression. */
  readonly uncompressedLength: number
  readonly compression: readonly string[]
  readonly chunks: number
  readonly messages: number
  readonly missed: number
  /** The times of the first and the last message, in nanoseconds since 1970; undefined without messages. */
  readonly from: bigint | undefined
  readonly until: bigint | undefined
  readonly memories: readonly RecordedMemory[]
  readonly gaps: readonly Gap[]
  /** What `record` has noted: the names, the encoding, when it began, and the description. */
  readonly facts: Readonly<Record<string, string>>
  /** True if `recover` has repaired the file. */
  readonly recovered: boolean
}

/**
 * Tells what a recording holds. Reads only its summary and its metadata, not its messages.
 *
 * @throws SharedMemoryError `DAMAGED_FILE`; the error of the system, such as `ENOENT`
 */
export async function info(file: string): Promise<RecordingInfo> {
  const { reader, length, metadata: readMetadata, close } = await openRecording(file)
  try {
    const gaps: Gap[] = []
    let facts: Record<string, string> = {}
    let recovered = false
    for await (const { name, metadata } of readMetadata()) {
      const gap = name === GAP ? gapFromMetadata(metadata) : undefined
      if (gap !== undefined) gaps.push(gap)
      if (name === 'memlane.recording') facts = Object.fromEntries(metadata)
      if (name === 'memlane.recovered') recovered = true
    }
    const { statistics, chunkIndexes } = reader
    const messages = Number(statistics?.messageCount ?? 0)
    return {
      file,
      length,
      uncompressedLength: chunkIndexes.reduce((sum, { uncompressedSize }) => sum + Number(uncompressedSize), 0),
      compression: [...new Set(chunkIndexes.map(({ compression }) => compression || 'none'))],
      chunks: chunkIndexes.length,
      messages,
      missed: sumOf(gaps),
      from: messages === 0 ? undefined : statistics?.messageStartTime,
      until: messages === 0 ? undefined : statistics?.messageEndTime,
      memories: memoriesIn(reader, gaps),
      gaps,
      facts,
      recovered,
    }
  } finally {
    await close()
  }
}

type Reader = Awaited<ReturnType<typeof openRecording>>['reader']

/** A memory has a channel for each producer. */
function memoriesIn({ channelsById, schemasById, statistics }: Reader, gaps: readonly Gap[]): RecordedMemory[] {
  const memories = new Map<string, RecordedMemory>()
  for (const { id, topic, schemaId, messageEncoding, metadata } of channelsById.values()) {
    const note = noteFromMetadata(metadata)
    const schema = schemasById.get(schemaId)?.name ?? ''
    const place = [topic, note?.shape, messageEncoding, schema].join(' ')
    const messages = Number(statistics?.channelMessageCounts.get(id) ?? 0) + (memories.get(place)?.messages ?? 0)
    const known = note === undefined ? topic : topicOf(note)
    memories.set(place, {
      name: note?.name ?? topic,
      shape: note?.shape,
      key: note?.schema.kind === 'board' ? note.key : undefined,
      encoding: messageEncoding,
      schema,
      messages,
      missed: sumOf(gaps.filter((gap) => gap.topic === known)),
    })
  }
  return [...memories.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function sumOf(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { missed }) => sum + missed, 0)
}
