/** Opens a finished recording for reading. */

import { type FileHandle, open } from 'node:fs/promises'
import { McapIndexedReader, type McapTypes } from '@mcap/core'
import { recordError } from '../record-error.js'
import { loadDecompression } from './compression.js'

/** A recording that is open for reading. */
export interface RecordingFile {
  readonly reader: McapIndexedReader
  /** Bytes of the file. */
  readonly length: number
  /**
   * Iterates over the messages in the order of their times.
   *
   * @throws SharedMemoryError `DAMAGED_FILE`
   */
  messages(range?: { readonly startTime?: bigint; readonly endTime?: bigint }): AsyncIterable<McapTypes.Message>
  /**
   * Iterates over the Metadata records.
   *
   * @throws SharedMemoryError `DAMAGED_FILE`
   */
  metadata(): AsyncIterable<McapTypes.Metadata>
  close(): Promise<void>
}

/**
 * Opens a recording.
 *
 * @throws SharedMemoryError `DAMAGED_FILE` if the file is no MCAP file or has no summary; the error of the system, such as `ENOENT`
 */
export async function openRecording(path: string): Promise<RecordingFile> {
  const decompressHandlers = await loadDecompression()
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const readable = {
      size: async () => BigInt(size),
      read: (offset: bigint, length: bigint) => readAt(file, Number(offset), Number(length), size),
    }
    const reader = await McapIndexedReader.Initialize({ readable, decompressHandlers })
    return {
      reader,
      length: size,
      messages: (range) => unlessDamaged(path, reader.readMessages(range)),
      metadata: () => unlessDamaged(path, reader.readMetadata()),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    const remedy = 'If the recording was cut off, repair it with recover.'
    throw recordError('DAMAGED_FILE', path, `it is no finished MCAP file: ${reasonOf(error)}. ${remedy}`, error)
  }
}

/** The errors of the reader are plain ones. Errors of the system stay. */
function unlessDamaged<T>(path: string, records: AsyncGenerator<T, void, void>): AsyncIterable<T> {
  const explain = (error: unknown): never => {
    if (error instanceof Error && 'syscall' in error) throw error
    throw recordError('DAMAGED_FILE', path, `${reasonOf(error)}. Save the messages up to there with recover.`, error)
  }
  const iterator = { next: () => records.next().catch(explain), return: () => records.return() }
  return { [Symbol.asyncIterator]: () => iterator }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

async function readAt(file: FileHandle, offset: number, length: number, size: number): Promise<Uint8Array> {
  if (offset + length > size)
    throw new RangeError(`${length} bytes at ${offset} end outside the ${size} bytes of the file`)
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
    if (bytesRead === 0) throw new RangeError(`the file ends before ${length} bytes at ${offset}`)
    done += bytesRead
  }
  return bytes
}
