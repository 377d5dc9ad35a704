/**
 * Writes an MCAP file: chunks with message indexes, metadata, and the summary at the end.
 *
 * `McapWriter` of @mcap/core keeps a chunk until it is full, and has no way to write it earlier. A recorder that is killed must
 * lose a second at most, however slowly messages come. So this class puts the library's records together itself. Adding a message is
 * synchronous; whole chunks go to the file in the background, in their order.
 *
 * @see https://mcap.dev/spec
 */

import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { McapChunkBuilder, McapRecordBuilder, type McapTypes, Opcode } from '@mcap/core'
import type { CompressChunk } from './compression.js'

/** The longest chunk before compression, in bytes, except for its last message. */
const CHUNK_LENGTH = 2 ** 20
/** Bytes that wait to be written, above which `isBehind` is true. */
const BEHIND_LENGTH = 2 ** 26

/** What a channel is, without its number. */
export type NewChannel = Omit<McapTypes.Channel, 'id' | 'schemaId'> & {
  readonly schema: Omit<McapTypes.Schema, 'id'>
}

/** Writes one MCAP file. */
export class McapFile {
  readonly #file: FileHandle
  readonly #compress: CompressChunk
  readonly #records = new McapRecordBuilder()
  readonly #chunk = new McapChunkBuilder({})
  readonly #schemas: McapTypes.Schema[] = []
  readonly #channels: McapTypes.Channel[] = []
  readonly #writtenChannels = new Set<number>()
  readonly #chunkIndexes: McapTypes.ChunkIndex[] = []
  readonly #metadataIndexes: McapTypes.MetadataIndex[] = []
  readonly #counts = new Map<number, number>()
  #startTime = 0n
  #endTime = 0n
  #messageCount = 0
  /** Bytes handed over so far: the place of the next record. */
  #position = 0
  #waitingLength = 0
  #crc = 0
  #written: Promise<void> = Promise.resolve()
  #failure: unknown

  private constructor(file: FileHandle, compress: CompressChunk) {
    this.#file = file
    this.#compress = compress
  }

  /**
   * Creates a file.
   *
   * @throws the error of the system, such as `EEXIST`
   */
  static async create(path: string, library: string, compress: CompressChunk): Promise<McapFile> {
    const file = new McapFile(await open(path, 'wx'), compress)
    file.#records.writeMagic()
    file.#records.writeHeader({ profile: '', library })
    file.#append()
    await file.written()
    return file
  }

  /** Bytes of the file, without the chunk that is not finished. */
  get length(): number {
    return this.#position
  }

  get messageCount(): number {
    return this.#messageCount
  }

  /** True if the disk is too slow: the caller should stop adding until `written` resolves. */
  get isBehind(): boolean {
    return this.#waitingLength > BEHIND_LENGTH
  }

  /** Adds a channel, and returns its number. Equal schemas are written once. */
  addChannel({ schema, ...channel }: NewChannel): number {
    const known = this.#schemas.find((other) => isSameSchema(other, schema))
    const schemaId = known?.id ?? this.#schemas.length + 1
    if (known === undefined) this.#schemas.push({ ...schema, id: schemaId })
    const id = this.#channels.length
    this.#channels.push({ ...channel, id, schemaId })
    return id
  }

  /**
   * Adds a message. A full chunk is compressed, which blocks the thread for some milliseconds.
   *
   * @throws the error of an earlier write
   */
  addMessage(message: McapTypes.Message): void {
    if (this.#failure !== undefined) throw this.#failure
    const { channelId, logTime } = message
    this.#introduce(channelId)
    this.#chunk.addMessage(message)
    if (this.#messageCount === 0 || logTime < this.#startTime) this.#startTime = logTime
    if (this.#messageCount === 0 || logTime > this.#endTime) this.#endTime = logTime
    this.#messageCount++
    this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0) + 1)
    if (this.#chunk.byteLength >= CHUNK_LENGTH) this.finishChunk()
  }

  /** Adds a Metadata record: a name, with texts by their keys. */
  addMetadata(name: string, entries: Iterable<readonly [key: string, value: string]>): void {
    if (this.#failure !== undefined) throw this.#failure
    const length = this.#records.writeMetadata({ name, metadata: new Map(entries) })
    this.#metadataIndexes.push({ name, offset: BigInt(this.#position), length })
    this.#append()
  }

  /** Hands the messages of the unfinished chunk over to the file. */
  finishChunk(): void {
    const chunk = this.#chunk
    if (chunk.numMessages === 0) return
    const { buffer, messageStartTime, messageEndTime } = chunk
    const { compression, compressed } = this.#compress(buffer)
    const uncompressedSize = BigInt(buffer.length)
    const chunkStartOffset = BigInt(this.#position)
    const chunkLength = this.#records.writeChunk({
      messageStartTime,
      messageEndTime,
      uncompressedSize,
      uncompressedCrc: crc32(buffer),
      compression,
      records: compressed,
    })
    const messageIndexOffsets = new Map<number, bigint>()
    let messageIndexLength = 0n
    for (const index of chunk.indices) {
      messageIndexOffsets.set(index.channelId, chunkStartOffset + chunkLength + messageIndexLength)
      messageIndexLength += this.#records.writeMessageIndex(index)
    }
    this.#chunkIndexes.push({
      messageStartTime,
      messageEndTime,
      chunkStartOffset,
      chunkLength,
      messageIndexOffsets,
      messageIndexLength,
      compression,
      compressedSize: BigInt(compressed.length),
      uncompressedSize,
    })
    chunk.reset()
    this.#append()
  }

  /**
   * Waits until the file has everything that was handed over.
   *
   * @throws the error of the system, such as `ENOSPC`
   */
  async written(): Promise<void> {
    await this.#written
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Writes the last chunk and the summary, waits until the system has stored them, and closes the file.
   *
   * @throws as `written`
   */
  async end(): Promise<void> {
    try {
      this.finishChunk()
      this.#records.writeDataEnd({ dataSectionCrc: this.#crc })
      this.#append()
      this.#summarize()
      await this.written()
      await this.#file.sync()
    } finally {
      await this.#file.close()
    }
  }

  /** Closes the file as it is, without a summary. Does nothing after `end`. */
  async abandon(): Promise<void> {
    await this.#written
    await this.#file.close()
  }

  /** Writes the records that describe a channel before its first message. */
  #introduce(channelId: number): void {
    if (this.#writtenChannels.has(channelId)) return
    const channel = this.#channels[channelId]
    if (channel === undefined) throw new RangeError(`there is no channel ${channelId}`)
    this.#writtenChannels.add(channelId)
    this.#chunk.addSchema(this.#schemas[channel.schemaId - 1] as McapTypes.Schema)
    this.#chunk.addChannel(channel)
  }

  /** Hands the records over to the file. A failed write ends all later ones. */
  #append(): void {
    const bytes = this.#records.buffer
    this.#records.reset()
    this.#position += bytes.length
    this.#waitingLength += bytes.length
    this.#crc = crc32(bytes, this.#crc)
    this.#written = this.#written.then(() => this.#write(bytes))
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done)
        done += bytesWritten
      }
      this.#waitingLength -= bytes.length
    } catch (error) {
      this.#failure = error
    }
  }

  #summarize(): void {
    const records = this.#records
    const start = this.#position
    const groups: McapTypes.SummaryOffset[] = []
    const group = (groupOpcode: Opcode, write: () => void) => {
      const groupStart = records.length
      write()
      const groupLength = BigInt(records.length - groupStart)
      if (groupLength > 0n) groups.push({ groupOpcode, groupStart: BigInt(start + groupStart), groupLength })
    }
    group(Opcode.SCHEMA, () => {
      for (const schema of this.#schemas) records.writeSchema(schema)
    })
    group(Opcode.CHANNEL, () => {
      for (const channel of this.#channels) records.writeChannel(channel)
    })
    group(Opcode.STATISTICS, () => records.writeStatistics(this.#statistics()))
    group(Opcode.METADATA_INDEX, () => {
      for (const index of this.#metadataIndexes) records.writeMetadataIndex(index)
    })
    group(Opcode.CHUNK_INDEX, () => {
      for (const index of this.#chunkIndexes) records.writeChunkIndex(index)
    })
    const offsetsStart = start + records.length
    for (const each of groups) records.writeSummaryOffset(each)
    const summary = records.buffer
    const footer = { summaryStart: BigInt(start), summaryOffsetStart: BigInt(offsetsStart) }
    records.writeFooter({ ...footer, summaryCrc: crc32(footerStart(footer), crc32(summary)) })
    records.writeMagic()
    this.#append()
  }

  #statistics(): McapTypes.Statistics {
    return {
      messageCount: BigInt(this.#messageCount),
      schemaCount: this.#schemas.length,
      channelCount: this.#channels.length,
      attachmentCount: 0,
      metadataCount: this.#metadataIndexes.length,
      chunkCount: this.#chunkIndexes.length,
      messageStartTime: this.#startTime,
      messageEndTime: this.#endTime,
      channelMessageCounts: new Map([...this.#counts].map(([id, count]) => [id, BigInt(count)])),
    }
  }
}

function isSameSchema(a: Omit<McapTypes.Schema, 'id'>, b: Omit<McapTypes.Schema, 'id'>): boolean {
  return a.name === b.name && a.encoding === b.encoding && Buffer.compare(a.data, b.data) === 0
}

/** The bytes of a footer up to its checksum, which covers them. */
function footerStart({ summaryStart, summaryOffsetStart }: Omit<McapTypes.Footer, 'summaryCrc'>): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(1 + 8 + 8 + 8))
  bytes.setUint8(0, Opcode.FOOTER)
  bytes.setBigUint64(1, 8n + 8n + 4n, true)
  bytes.setBigUint64(9, summaryStart, true)
  bytes.setBigUint64(17, summaryOffsetStart, true)
  return new Uint8Array(bytes.buffer)
}
