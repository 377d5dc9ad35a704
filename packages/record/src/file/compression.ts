/**
 * The compression of chunks: Zstandard in WebAssembly, which needs no compiler and is the same on every system. Node.js has it built in
 * only from version 22.15 on.
 */

import zstd from '@foxglove/wasm-zstd'
import type { DecompressHandlers } from '@mcap/core'

/** How chunks are compressed. */
export type Compression = 'zstd' | 'none'

/** Chunks of at most this many bytes are decompressed: a file may claim any length. */
const MAX_CHUNK_LENGTH = 2 ** 30
/** The fastest level. Level 3 takes twice the time and saves little. */
const LEVEL = 1

/** Compresses the bytes of a chunk. Blocks the thread: 1 MiB takes about 2 ms. */
export type CompressChunk = (bytes: Uint8Array) => { readonly compression: string; readonly compressed: Uint8Array }

/** Loads the compression. */
export async function loadCompression(compression: Compression): Promise<CompressChunk> {
  if (compression === 'none') return (bytes) => ({ compression: '', compressed: bytes })
  await zstd.isLoaded
  return (bytes) => ({ compression: 'zstd', compressed: zstd.compress(bytes, LEVEL) })
}

/** Loads the functions by which readers decompress chunks. */
export async function loadDecompression(): Promise<DecompressHandlers> {
  await zstd.isLoaded
  return {
    zstd(bytes, length) {
      if (length > MAX_CHUNK_LENGTH) throw new RangeError(`a chunk of ${length} bytes is too long`)
      return zstd.decompress(bytes, Number(length))
    },
  }
}
