import type { PayloadDescriptor } from '@memlane/protocol'
import type { ReadableChannel } from '../file/recorded-channels.js'
import { type Column, columnsOf } from './columns.js'

/** A recorded message with its times, as converters get it. */
export interface MessageRow {
  readonly channel: ReadableChannel
  readonly sequence: number
  readonly logTime: bigint
  readonly publishTime: bigint
  readonly value: unknown
}

/** A column of a table of messages: it takes its cell out of the row. */
export type RowColumn = Omit<Column, 'cellOf'> & { readonly cellOf: (row: MessageRow) => unknown }

/** Lists all columns of the messages of one schema. */
export function rowColumns(descriptor: PayloadDescriptor): RowColumn[] {
  const own: RowColumn[] = [
    { name: 'log_time', type: 'time', cellOf: ({ logTime }) => logTime },
    { name: 'publish_time', type: 'time', cellOf: ({ publishTime }) => publishTime },
    { name: 'producer', type: 'int32', cellOf: ({ channel }) => channel.note.producer },
    { name: 'sequence', type: 'int64', cellOf: ({ sequence }) => sequence },
  ]
  const used = new Set(own.map(({ name }) => name))
  const values = columnsOf(descriptor).map(({ name, type, cellOf }): RowColumn => {
    let free = name === '' ? 'value' : name
    while (used.has(free)) free = `${free}_`
    used.add(free)
    return { name: free, type, cellOf: ({ value }) => cellOf(value) }
  })
  return [...own, ...values]
}
