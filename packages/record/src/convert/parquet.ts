import type { PayloadDescriptor } from '@memlane/protocol'
import { fileWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import type { ColumnType } from './columns.js'
import { type MessageRow, rowColumns } from './message-row.js'
import type { MessageSink } from './message-sink.js'

const ROW_GROUP = 50_000

const TYPES: Record<ColumnType, Omit<SchemaElement, 'name'>> = {
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  uint64: { type: 'INT64', converted_type: 'UINT_64' },
  time: { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } },
  float: { type: 'FLOAT' },
  double: { type: 'DOUBLE' },
  bool: { type: 'BOOLEAN' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  bytes: { type: 'BYTE_ARRAY' },
}

/** Writes messages of one schema as a Parquet file, compressed by Snappy. Fields of a union that a message does not have are null. */
export function parquetSink(path: string, descriptor: PayloadDescriptor): MessageSink {
  const columns = rowColumns(descriptor)
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, type }): SchemaElement => ({ name, repetition_type: 'OPTIONAL', ...TYPES[type] })),
  ]
  const writer = new ParquetWriter({ writer: fileWriter(path), schema })
  let rows: MessageRow[] = []
  const write = async () => {
    if (rows.length === 0) return
    const columnData = columns.map(({ name, type, cellOf }) => {
      const isWide = type === 'int64' || type === 'uint64'
      return { name, data: rows.map((row) => stored(cellOf(row), isWide)) }
    })
    rows = []
    await writer.write({ columnData })
  }
  return {
    add(row) {
      rows.push(row)
      return rows.length < ROW_GROUP ? undefined : write()
    },
    async end() {
      await write()
      await writer.finish()
    },
  }
}

function stored(cell: unknown, isWide: boolean): unknown {
  if (cell === undefined) return null
  if (!isWide) return cell
  return BigInt(cell as number | bigint)
}
