/**
 * What a recording keeps of each channel besides its messages, in the metadata of the MCAP channel. Replay creates the memory
 * from it, whatever the encoding of the messages is.
 *
 * | key | text |
 * |---|---|
 * | memlane.name | the name of the memory |
 * | memlane.shape | stream, latest or queue |
 * | memlane.instance | tells the memory from an earlier or a later one of that name |
 * | memlane.producer | the slot of the producer whose messages the channel has |
 * | memlane.key | of a latest: the key whose values the channel has |
 * | memlane.schema | memlane's descriptor of the memory, as JSON |
 * | memlane.options | the options with which the memory was created, as JSON |
 */

import type { PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'

/** The shapes that can be recorded. */
export type RecordedShape = 'stream' | 'latest' | 'queue'

export interface ChannelNote {
  readonly name: string
  readonly shape: RecordedShape
  readonly instance: string
  readonly producer: number
  readonly key: string | undefined
  readonly schema: SchemaDescriptor
  readonly options: Readonly<Record<string, unknown>>
}

/** Encodes a note. */
export function noteToMetadata(note: ChannelNote): Map<string, string> {
  const { name, shape, instance, producer, key, schema, options } = note
  const metadata = new Map([
    ['memlane.name', name],
    ['memlane.shape', shape],
    ['memlane.instance', instance],
    ['memlane.producer', String(producer)],
    ['memlane.schema', JSON.stringify(schema)],
    ['memlane.options', JSON.stringify(options)],
  ])
  if (key !== undefined) metadata.set('memlane.key', key)
  return metadata
}

/** Decodes a note. Returns undefined for a channel that memlane did not record. The schema and the options are not checked. */
export function noteFromMetadata(metadata: ReadonlyMap<string, string>): ChannelNote | undefined {
  const name = metadata.get('memlane.name')
  const shape = metadata.get('memlane.shape')
  if (name === undefined || (shape !== 'stream' && shape !== 'latest' && shape !== 'queue')) return undefined
  const schema = objectIn(metadata.get('memlane.schema'))
  const options = objectIn(metadata.get('memlane.options'))
  if (schema === undefined || options === undefined) return undefined
  return {
    name,
    shape,
    instance: metadata.get('memlane.instance') ?? '',
    producer: Number(metadata.get('memlane.producer') ?? 0),
    key: metadata.get('memlane.key'),
    schema: schema as unknown as SchemaDescriptor,
    options,
  }
}

/** Returns the descriptor of the messages of one channel: of a board, that of its key. Undefined if there is no such key. */
export function payloadOf({ schema, key }: ChannelNote): PayloadDescriptor | undefined {
  if (schema.kind === 'api') return undefined
  if (schema.kind !== 'board') return schema
  return schema.members.find(({ name }) => name === key)?.payload
}

/** Names a channel for people and as a topic: the name of the memory, and the key of a board. */
export function topicOf({ name, schema, key }: ChannelNote): string {
  return schema.kind === 'board' ? `${name}/${key}` : name
}

function objectIn(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
