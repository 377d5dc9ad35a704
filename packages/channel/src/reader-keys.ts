import type { AnyCodec, CodecOf, MemberDescriptor } from '@memlane/protocol'
import {
  codecFromDescriptor,
  codecOf,
  Difference,
  encodeDescriptor,
  isSameDescriptor,
  type KeysIn,
  keysIn,
  projectCodec,
} from '@memlane/protocol/internal'
import { type LatestChannel, type LatestKeys, membersOf } from './latest.js'
import { checkHash, schemaIn } from './schema.js'
import { projectionMismatch } from './schema-mismatch.js'

/** The keys of a latest as a reader reads them. */
export interface ReaderKeys {
  /** The codecs of the keys that the reader declares. */
  readonly codecs: ReadonlyMap<string, CodecOf<AnyCodec>>
  /** All keys that the memory has, in their order. */
  readonly members: readonly MemberDescriptor[]
}

/**
 * Returns the keys by which a reader reads a latest: as `readerCodec` does, for each key. A reader may declare fewer keys than the
 * latest has, and in another order.
 *
 * @param declared undefined makes the codecs of all keys from the schema in the memory
 * @throws as `readerCodec`; SharedMemoryError `SCHEMA_MISMATCH` also for a key that the latest does not have
 */
export function readerKeys(channel: LatestChannel, declared: LatestKeys | undefined): ReaderKeys {
  const { shape, memory, header } = channel
  const found = schemaIn(memory, header)
  checkHash(shape, memory, header, found)
  if (declared !== undefined && isSameDescriptor(found, encodeDescriptor(declared.schema.descriptor))) {
    return { codecs: declared.codecs, members: membersOf(declared) }
  }
  try {
    const there = keysIn(found, header.schemaOffset)
    const { members } = there
    if (declared !== undefined) return { codecs: projectedCodecs(channel, there, declared), members }
    const codecs = members.map(({ name, payload }) => {
      return [name, codecOf(codecFromDescriptor(encodeDescriptor(payload), header.schemaOffset))] as const
    })
    return { codecs: new Map(codecs), members }
  } catch (error) {
    throw channel.explain(error)
  }
}

function projectedCodecs(channel: LatestChannel, there: KeysIn, { schema, codecs }: LatestKeys): ReaderKeys['codecs'] {
  const isBoard = there.descriptor.kind === 'board'
  const refuse = (difference: Difference) => {
    const remedy =
      'A reader needs each key and each field that it declares. Declare only those that the memory has, or update its writer first.'
    const mismatch = projectionMismatch(difference, there.descriptor, schema.descriptor)
    return channel.error('SCHEMA_MISMATCH', `it holds values of another schema: ${mismatch}\n${remedy}`)
  }
  if (isBoard !== (schema.descriptor.kind === 'board'))
    throw refuse(new Difference(there.descriptor, schema.descriptor))
  const projected = [...codecs].map(([name, codec]) => {
    const member = there.members.find((each) => each.name === name)
    const result =
      member === undefined ? new Difference(undefined, codec.descriptor) : projectCodec(member.payload, codec)
    if (result instanceof Difference) throw refuse(isBoard ? result.within(name) : result)
    return [name, codecOf(result)] as const
  })
  return new Map(projected)
}
