import { SharedMemoryError } from '@memlane/core'
import { inspect } from '@memlane/inspect'
import { rawCodec } from '@memlane/inspect/internal'
import { createLatest, type KeyWriter } from '@memlane/producer'
import { board, type Codec } from '@memlane/protocol'
import { codecFromDescriptor, encodeDescriptor, keysIn } from '@memlane/protocol/internal'
import { LocalForm } from '../../message/local-form.js'
import type { SchemaStore } from '../../message/schema-store.js'

/** A key of a local latest, and how messages of NATS become its values. */
export interface LocalKey {
  readonly writer: KeyWriter<Codec<Uint8Array>>
  readonly form: LocalForm
}

/** A latest of this machine whose writer is the bridge. */
export class LocalLatest {
  /** Tells this memory from an earlier or later one of the same name. */
  readonly instance: string
  readonly keys: ReadonlyMap<string, LocalKey>
  readonly #close: () => void

  private constructor(name: string, encoded: Uint8Array, schemas: SchemaStore) {
    const { descriptor, members } = keysIn(encoded, 0)
    const codecs = members.map(({ name, payload }) => {
      return [name, rawCodec(codecFromDescriptor(encodeDescriptor(payload), 0))] as const
    })
    const keyWriters = new Map<string, KeyWriter<Codec<Uint8Array>>>()
    if (descriptor.kind === 'board') {
      const writer = createLatest(name, board(Object.fromEntries(codecs)))
      for (const [key] of codecs) keyWriters.set(key, writer.key(key))
      this.#close = () => writer.close()
    } else {
      const [key, codec] = codecs[0] as (typeof codecs)[number]
      const writer = createLatest(name, codec)
      keyWriters.set(key, writer)
      this.#close = () => writer.close()
    }
    this.keys = new Map(
      members.map(({ name: key, payload }) => {
        const form = new LocalForm(payload, schemas, { descriptor, key })
        return [key, { writer: keyWriters.get(key) as KeyWriter<Codec<Uint8Array>>, form }]
      }),
    )
    const found = inspect(name, { processes: false })
    this.instance = 'instance' in found ? found.instance : ''
  }

  /**
   * Becomes the writer of a latest. Creates it if there is none.
   *
   * @param schema the encoded descriptor of a new latest; undefined: nothing is created
   * @returns undefined if there is no latest, and no schema
   * @throws SharedMemoryError as `createLatest`; LayoutError for a wrong schema
   */
  static open(name: string, schema: Uint8Array | undefined, schemas: SchemaStore): LocalLatest | undefined {
    const encoded = existingSchema(name) ?? schema
    return encoded === undefined ? undefined : new LocalLatest(name, encoded, schemas)
  }

  close(): void {
    this.#close()
  }
}

/** The schema of a latest that others hold. */
function existingSchema(name: string): Uint8Array | undefined {
  try {
    const found = inspect(name, { processes: false })
    if (found.shape === 'latest' && found.schema !== undefined) return encodeDescriptor(found.schema.descriptor)
  } catch (error) {
    if (!(error instanceof SharedMemoryError && error.code === 'NOT_FOUND')) throw error
  }
  return undefined
}
