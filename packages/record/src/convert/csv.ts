import { bytesOf } from '@memlane/inspect/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { rowColumns } from './message-row.js'
import type { MessageSink } from './message-sink.js'
import { TextFile } from './text-file.js'

/**
 * Writes messages of one schema as CSV with a header: times as nanoseconds since 1970, bytes in base64.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export async function csvSink(path: string, descriptor: PayloadDescriptor): Promise<MessageSink> {
  const columns = rowColumns(descriptor)
  const file = await TextFile.create(path)
  await file.add(columns.map(({ name }) => quoted(name)).join(','))
  return {
    add: (row) => file.add(columns.map(({ cellOf }) => cellText(cellOf(row))).join(',')),
    end: () => file.end(),
  }
}

function cellText(cell: unknown): string {
  if (cell === undefined) return ''
  if (cell instanceof Uint8Array) return bytesOf(cell)
  return Object.is(cell, -0) ? '-0' : quoted(String(cell))
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
