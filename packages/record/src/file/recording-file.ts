/** Opens a finished recording for reading. */

import { type FileHandle, open } from 'node:fs/promises'
import { McapIndexedReader } from '@mcap/core'
import { recordError } from '../record-error.js'
import { loadDecompression } from './compression.js'

/** A recording that is open for reading. */
export interface RecordingFile {
  readonly reader: McapIndexedReader
  /** Bytes of the file. */
  readonly length: number
  readonly close: () => Promise<void>
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
    return { reader, length: size, close: () => file.close() }
  } catch (error) {
    await file.close()
    const reason = error instanceof Error ? error.message : String(error)
    const remedy = 'If the recording was cut off, repair it with recover.'
    throw recordError('DAMAGED_FILE', path, `it is no finished MCAP file: ${reason}. ${remedy}`, error)
  }
}

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
