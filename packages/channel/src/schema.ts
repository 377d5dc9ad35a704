import type { SharedMemory } from '@memlane/core'
import type { AnyCodec } from '@memlane/protocol'
import { type ChannelHeader, encodeDescriptor, type Shape } from '@memlane/protocol/internal'
import { channelError } from './channel-error.js'
import { firstDifference } from './first-difference.js'

const MAX_SHOWN_SCHEMA = 2000

/**
 * Compares the schema of a channel with the one that a participant expects.
 *
 * @throws SharedMemoryError `SCHEMA_MISMATCH`
 */
export function checkSchema(
  shape: Pick<Shape<object, unknown>, 'name'>,
  memory: SharedMemory,
  header: ChannelHeader,
  codec: AnyCodec,
): void {
  const expected = encodeDescriptor(codec.descriptor)
  // A copy: a peer might change the bytes while they are decoded.
  const found = new Uint8Array(memory.buffer, header.schemaOffset, header.schemaLength).slice()
  if (expected.length === found.length && expected.every((byte, index) => byte === found[index])) return
  const [there, here] = [found, expected].map((bytes) => new TextDecoder().decode(bytes)) as [string, string]
  const shown = (text: string) => (text.length > MAX_SHOWN_SCHEMA ? `${text.slice(0, MAX_SHOWN_SCHEMA)}…` : text)
  const difference = shown(firstDifference(there, here))
  const message = `it carries messages of another schema${difference}.\nThere: ${shown(there)}\nHere:  ${shown(here)}`
  throw channelError(shape, 'SCHEMA_MISMATCH', memory.name, message)
}
