import type { AnyCodec } from '@memlane/protocol'
import {
  checkedDescriptor,
  codecFromDescriptor,
  Difference,
  encodeDescriptor,
  isSameDescriptor,
  projectCodec,
} from '@memlane/protocol/internal'
import type { AnyChannel } from './channel.js'
import { checkHash, schemaIn } from './schema.js'
import { projectionMismatch } from './schema-mismatch.js'

/**
 * Returns the codec by which a reader reads the messages of a channel: its own if the channel has the same schema; else one that
 * reads the fields that the reader declares, at the channel's offsets. This choice costs nothing per message.
 *
 * @param codec the schema that the reader declares; undefined makes a codec from the schema in the memory
 * @throws SharedMemoryError `SCHEMA_MISMATCH` if the channel lacks a field of the reader, or has another type for it; `CORRUPT` if the
 * schema in the memory cannot be right
 * @throws TypeError without a schema, if the messages are MessagePack and its entry point was not imported
 */
export function readerCodec<C extends AnyCodec>(channel: AnyChannel, codec: C | undefined): C {
  const { shape, memory, header } = channel
  const found = schemaIn(memory, header)
  checkHash(shape, memory, header, found)
  if (codec === undefined) return explained(channel, () => codecFromDescriptor(found, header.schemaOffset)) as C
  if (isSameDescriptor(found, encodeDescriptor(codec.descriptor))) return codec
  const there = explained(channel, () => checkedDescriptor(found, header.schemaOffset))
  const projected = projectCodec(there, codec)
  if (!(projected instanceof Difference)) return projected as C
  const remedy =
    'A reader needs each field that it declares. Declare only those that the memory has, or update its writers first.'
  const mismatch = projectionMismatch(projected, there, codec.descriptor)
  throw channel.error('SCHEMA_MISMATCH', `it carries messages of another schema: ${mismatch}\n${remedy}`)
}

function explained<T>(channel: AnyChannel, attempt: () => T): T {
  try {
    return attempt()
  } catch (error) {
    throw channel.explain(error)
  }
}
