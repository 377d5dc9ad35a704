import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SchemaDescriptor } from '@memlane/protocol'
import { checkedDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import { schemaHash } from '../../message/schema-store.js'

/** The schemas of the messages that a route publishes. They lie in files, because spilled messages may outlive the bridge and their memory. */
export class SchemaFiles {
  readonly #folder: string
  readonly #announced = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Adds a schema. @returns true if it must be announced before its messages are published */
  add(descriptor: SchemaDescriptor): boolean {
    const encoded = encodeDescriptor(descriptor)
    const file = `schema-${schemaHash(encoded)}.json`
    const path = join(this.#folder, file)
    if (!existsSync(path)) {
      // A full disk or a kill may leave a part of a file.
      writeFileSync(join(this.#folder, 'unfinished'), encoded)
      renameSync(join(this.#folder, 'unfinished'), path)
    }
    return !this.#announced.has(file)
  }

  /** Announces those that were not. @throws what `announce` throws */
  async announceAll(announce: (descriptor: SchemaDescriptor) => Promise<unknown>): Promise<void> {
    for (const file of readdirSync(this.#folder)) {
      if (!file.startsWith('schema-') || this.#announced.has(file)) continue
      const descriptor = descriptorIn(readFileSync(join(this.#folder, file)))
      if (descriptor !== undefined) await announce(descriptor)
      this.#announced.add(file)
    }
  }
}

/** @returns undefined for a file that this version cannot have written */
function descriptorIn(encoded: Uint8Array): SchemaDescriptor | undefined {
  try {
    return checkedDescriptor(encoded, 0)
  } catch {
    return undefined
  }
}
