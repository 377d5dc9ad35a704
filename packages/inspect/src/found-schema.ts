import { type AnyChannel, checkHash, schemaIn } from '@memlane/channel'
import type { SchemaDescriptor } from '@memlane/protocol'
import { decodeDescriptor } from '@memlane/protocol/internal'

/** The schema in a memory. */
export interface FoundSchema {
  readonly descriptor: SchemaDescriptor
  /** The encoded descriptor. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * Copies the schema out of the memory. The caller must check it by `codecFromDescriptor`, `keysIn` or `proceduresIn`.
 *
 * @throws SharedMemoryError `CORRUPT` if its hash is wrong; LayoutError `CORRUPT` if it is no JSON
 */
export function foundSchema({ shape, memory, header }: AnyChannel): FoundSchema {
  const bytes = Uint8Array.from(schemaIn(memory, header))
  checkHash(shape, memory, header, bytes)
  return { descriptor: decodeDescriptor(bytes) as SchemaDescriptor, bytes }
}
