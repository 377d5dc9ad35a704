import '@memlane/protocol/messagepack'
import { readerCodec, readerKeys } from '@memlane/channel'
import type { OpenOptions, SharedMemoryInfo } from '@memlane/core'
import { checkBoolean, checkOptions, type OptionChecks, openChecks } from '@memlane/core/internal'
import { checkedDescriptor, keysIn, proceduresIn } from '@memlane/protocol/internal'
import { describeSchema } from './describe-schema.js'
import type { Finding } from './finding.js'
import { unlessCorrupt, worstFirst } from './findings.js'
import { foundSchema } from './found-schema.js'
import { hexOf } from './hex.js'
import { inspectBytes } from './inspect-bytes.js'
import { inspectCalls } from './inspect-calls.js'
import { inspectLatest } from './inspect-latest.js'
import { inspectQueue } from './inspect-queue.js'
import { inspectStream } from './inspect-stream.js'
import type { Inspection } from './inspection.js'
import { type OpenedChannel, openChannel } from './open-channel.js'
import type { Look } from './place.js'
import type { SchemaInspection } from './schema-inspection.js'
import { listedMemory, systemFacts } from './system-facts.js'

/** How to look. */
export interface InspectOptions {
  /** The owners of memory to accept besides this user and root: see `SharedMemory.open`. Default: no other owners. */
  trustOwner?: NonNullable<OpenOptions['trustOwner']>
  /**
   * Whether to find out which processes the participants are. That takes some milliseconds for each of them on Linux. Default true.
   */
  processes?: boolean
}

export const inspectChecks: OptionChecks<InspectOptions> = {
  trustOwner: openChecks.trustOwner,
  processes: checkBoolean,
}

/**
 * Looks into one memory, read-only: what it is, who takes part, how much goes through, and what is stuck. Takes no place, writes
 * nothing, wakes nobody. Blocks for some milliseconds; only meanwhile, it is one more handle of the memory.
 *
 * @throws SharedMemoryError `NOT_FOUND`, `INVALID_NAME`, `ACCESS_DENIED`, `NOT_SHARED_MEMORY`, `VERSION_MISMATCH`, `SYSTEM`; `CORRUPT`
 * if the header of a channel cannot be right
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function inspect(name: string, options: InspectOptions = {}): Inspection {
  checkOptions('inspect', options, inspectChecks)
  return inspectListed(name, options, listedMemory())
}

/** As `inspect`, with the list of the system. */
export function inspectListed(
  name: string,
  { trustOwner = false, processes = true }: InspectOptions,
  listed: ReadonlyMap<string, SharedMemoryInfo>,
): Inspection {
  const opened = openChannel(name, { trustOwner })
  if (opened === undefined) {
    const found = inspectBytes(name, processes, trustOwner)
    return { ...found, system: systemFacts(listed.get(found.objectName)) }
  }
  const { channel } = opened
  try {
    return inspectChannel(opened, processes, listed)
  } catch (error) {
    throw channel.explain(error)
  } finally {
    channel.close()
  }
}

function inspectChannel(
  opened: OpenedChannel,
  processes: boolean,
  listed: ReadonlyMap<string, SharedMemoryInfo>,
): Inspection {
  const { memory, header } = opened.channel
  const look = { memory, processes }
  const corrupt: Finding[] = []
  const schema = unlessCorrupt(corrupt, () => schemaOf(opened))
  const common = {
    name: memory.name,
    objectName: memory.objectName,
    length: header.length,
    system: systemFacts(listed.get(memory.objectName)),
    instance: hexOf(header.instance),
    schema,
  }
  const found = inspectShape(opened, look, schema)
  return { ...common, ...found, findings: worstFirst([...corrupt, ...found.findings]) }
}

function inspectShape(opened: OpenedChannel, look: Look, schema: SchemaInspection | undefined) {
  const { shape, channel } = opened
  switch (shape) {
    case 'stream':
      return {
        shape,
        ...inspectStream(channel, look, schema === undefined ? undefined : readerCodec(channel, undefined)),
      }
    case 'latest':
      return {
        shape,
        ...inspectLatest(channel, look, schema === undefined ? undefined : readerKeys(channel, undefined)),
      }
    case 'queue':
      return { shape, ...inspectQueue(channel, look) }
    case 'call':
      return { shape, ...inspectCalls(channel, look) }
  }
}

/** Checks the schema in the memory, and describes it. */
function schemaOf({ shape, channel }: OpenedChannel): SchemaInspection {
  const found = foundSchema(channel)
  const { schemaOffset, schemaHash } = channel.header
  if (shape === 'latest') keysIn(found.bytes, schemaOffset)
  else if (shape === 'call') proceduresIn(found.bytes, schemaOffset)
  else checkedDescriptor(found.bytes, schemaOffset)
  return describeSchema(found.descriptor, schemaHash)
}
