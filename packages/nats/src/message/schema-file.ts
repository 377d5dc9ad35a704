import { readFileSync } from 'node:fs'
import type { PayloadDescriptor } from '@memlane/protocol'
import { checkedDescriptor, encodeDescriptor } from '@memlane/protocol/internal'

/** Reads a schema from a file of JSON: its descriptor. Blocks. @throws Error naming the file if it holds no schema */
export function schemaInFile(file: string): PayloadDescriptor {
  try {
    return checkedDescriptor(encodeDescriptor(JSON.parse(readFileSync(file, 'utf8'))), 0)
  } catch (error) {
    throw new Error(`${file} holds no schema: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
