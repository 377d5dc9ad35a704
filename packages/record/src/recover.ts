import { open, rename, rm } from 'node:fs/promises'
import { McapStreamReader, type McapTypes } from '@mcap/core'
import { loadCompression, loadDecompression } from './file/compression.js'
import { McapFile } from './file/mcap-file.js'
import { PARTIAL } from './file/partial-file.js'
import { openRecording } from './file/recording-file.js'
import { recordError } from './record-error.js'

const BLOCK_LENGTH = 2 ** 20
const RECOVERING = '.recovering'

/** What `recover` has saved. */
export interface RecoverReport {
  /** The repaired file. */
  readonly file: string
  /** True if the file was whole: nothing was lost. */
  readonly complete: boolean
  readonly messages: number
  readonly channels: number
  /** The times of the first and the last message, in nanoseconds since 1970; undefined without messages. */
  readonly from: bigint | undefined
  readonly until: bigint | undefined
  /** Bytes at the end of the file that could not be used. */
  readonly lostBytes: number
  /** Why the rest could not be used. Undefined if the file was only cut off. */
  readonly damage: string | undefined
}

/**
 * Repairs a recording that was not finished, for example because its recorder was killed: copies all whole messages into a new file
 * with a summary, and reads that file once to be sure. The damaged file stays as it is.
 *
 * Do not call it while the recorder runs.
 *
 * @param damaged the path, such as `run.mcap.partial`
 * @param file the repaired file. Default: without `.partial`; otherwise `-recovered` is added to the name
 * @throws SharedMemoryError `DAMAGED_FILE` if nothing can be read, or if the result cannot be read; `FILE_EXISTS` if the result
 * exists; the error of the system, such as `ENOENT`
 */
export async function recover(damaged: string, file: string = repairedPath(damaged)): Promise<RecoverReport> {
  const decompressHandlers = await loadDecompression()
  const compress = await loadCompression('zstd')
  const input = await open(damaged, 'r')
  const temporary = file + RECOVERING
  let output: McapFile | undefined
  try {
    const { size } = await input.stat()
    if (await isThere(file))
      throw recordError('FILE_EXISTS', file, 'the file exists. Choose another name, or delete it.')
    await rm(temporary, { force: true })
    output = await McapFile.create(temporary, 'memlane', compress)
    const rescue = new Rescue(output)
    let damage: string | undefined
    let usedLength = 0
    let isComplete = false
    try {
      const reader = new McapStreamReader({ decompressHandlers })
      let fedLength = 0
      for await (const block of blocksOf(input)) {
        reader.append(block)
        fedLength += block.length
        for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord()) {
          rescue.add(record)
          usedLength = fedLength - reader.bytesRemaining()
        }
        await output.written()
      }
      isComplete = reader.done()
    } catch (error) {
      if (isSystemError(error)) throw error
      damage = error instanceof Error ? error.message : String(error)
    }
    const { channels, messages, from, until, hasHeader } = rescue
    if (!hasHeader)
      throw recordError('DAMAGED_FILE', damaged, `nothing can be read from it: ${damage ?? 'it is too short'}.`)
    const lostBytes = isComplete ? 0 : size - usedLength
    output.addMetadata('memlane.recovered', [
      ['recovered', new Date().toISOString()],
      ['lostBytes', String(lostBytes)],
    ])
    await output.end()
    await check(temporary, messages)
    await rename(temporary, file)
    return { file, complete: isComplete, messages, channels, from, until, lostBytes, damage }
  } catch (error) {
    await output?.abandon()
    await rm(temporary, { force: true })
    throw error
  } finally {
    await input.close()
  }
}

/** Copies records into a file. */
class Rescue {
  readonly #output: McapFile
  readonly #schemas = new Map<number, McapTypes.Schema>()
  /** The number of each channel in the output. */
  readonly #channels = new Map<number, number>()
  hasHeader = false
  messages = 0
  from: bigint | undefined
  until: bigint | undefined

  constructor(output: McapFile) {
    this.#output = output
  }

  get channels(): number {
    return this.#channels.size
  }

  add(record: McapTypes.TypedMcapRecord): void {
    switch (record.type) {
      case 'Header':
        this.hasHeader = true
        break
      case 'Schema':
        this.#schemas.set(record.id, { ...record, data: record.data.slice() })
        break
      case 'Channel':
        this.#addChannel(record)
        break
      case 'Message':
        this.#addMessage(record)
        break
      case 'Metadata':
        this.#output.addMetadata(record.name, record.metadata)
        break
    }
  }

  /** The summary at the end repeats the channels. */
  #addChannel({ id, schemaId, topic, messageEncoding, metadata }: McapTypes.Channel): void {
    if (this.#channels.has(id)) return
    const { name = '', encoding = '', data = new Uint8Array(0) } = this.#schemas.get(schemaId) ?? {}
    const schema = { name, encoding, data }
    this.#channels.set(id, this.#output.addChannel({ topic, messageEncoding, metadata, schema }))
  }

  #addMessage({ channelId, sequence, logTime, publishTime, data }: McapTypes.Message): void {
    const channel = this.#channels.get(channelId)
    if (channel === undefined) throw new RangeError(`a message belongs to channel ${channelId}, which is missing`)
    this.#output.addMessage({ channelId: channel, sequence, logTime, publishTime, data })
    this.messages++
    if (this.from === undefined || logTime < this.from) this.from = logTime
    if (this.until === undefined || logTime > this.until) this.until = logTime
  }
}

/** Reads a repaired file as any reader would. */
async function check(path: string, expected: number): Promise<void> {
  const { messages, close } = await openRecording(path)
  try {
    let count = 0
    for await (const _message of messages()) count++
    if (count === expected) return
    throw recordError('DAMAGED_FILE', path, `the repaired file has ${count} messages, where ${expected} were saved.`)
  } finally {
    await close()
  }
}

async function* blocksOf(input: Awaited<ReturnType<typeof open>>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await input.read(new Uint8Array(BLOCK_LENGTH))
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

function repairedPath(damaged: string): string {
  if (damaged.endsWith(PARTIAL)) return damaged.slice(0, -PARTIAL.length)
  return `${damaged.replace(/\.mcap$/, '')}-recovered.mcap`
}

async function isThere(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close()
    return true
  } catch {
    return false
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
