import { readFileSync } from 'node:fs'
import type { PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'
import {
  type ApiDescriptor,
  checkedDescriptor,
  encodeDescriptor,
  keysIn,
  proceduresIn,
} from '@memlane/protocol/internal'

/** Reads a schema from a file of JSON: its descriptor. Blocks. @throws Error naming the file if it holds no schema */
export function schemaInFile(file: string): PayloadDescriptor {
  return descriptorIn(file, (encoded) => checkedDescriptor(encoded, 0))
}

/** As `schemaInFile`, for a latest: the schema may be a board. */
export function latestSchemaInFile(file: string): SchemaDescriptor {
  return descriptorIn(file, (encoded) => keysIn(encoded, 0).descriptor)
}

/** As `schemaInFile`, for calls: the descriptor of an API. */
export function apiInFile(file: string): ApiDescriptor {
  return descriptorIn(file, (encoded) => proceduresIn(encoded, 0))
}

function descriptorIn<T>(file: string, checked: (encoded: Uint8Array) => T): T {
  try {
    return checked(encodeDescriptor(JSON.parse(readFileSync(file, 'utf8'))))
  } catch (error) {
    throw new Error(`${file} holds no schema: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
