import type { SchemaDescriptor } from '@memlane/protocol'
import { encodeDescriptor, hashDescriptor } from '@memlane/protocol/internal'
import { JetStreamApiError } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { Link } from '../link/link.js'

const BUCKET = 'memlane_schemas'
/** The death of one server of a cluster must not stop the routes. */
const CLUSTER_REPLICAS = 3

/** Any program can write to the bucket: the bridge remembers so many schemas. */
const MAX_KNOWN = 256

/** The name of a schema on the wire: the hash that the memory has, too, as 16 hexadecimal digits. */
export function schemaHash(encoded: Uint8Array): string {
  return hashDescriptor(encoded).toString(16).padStart(16, '0')
}

/**
 * The schemas that bridges have announced, in a bucket of JetStream. A message names its schema by a hash, and a receiving bridge finds the
 * schema here.
 */
export class SchemaStore {
  readonly #link: Link
  readonly #known = new Map<string, Uint8Array>()

  constructor(link: Link) {
    this.#link = link
  }

  /**
   * Makes a schema known to all bridges. Waits for the connection.
   *
   * @returns its hash
   * @throws an error of the server, or the signal's reason
   */
  async announce(descriptor: SchemaDescriptor, signal: AbortSignal): Promise<string> {
    const encoded = encodeDescriptor(descriptor)
    const hash = schemaHash(encoded)
    if (this.#known.has(hash)) return hash
    const bucket = await this.#bucket(signal)
    const entry = await bucket.get(hash)
    if (entry?.operation !== 'PUT') await bucket.put(hash, encoded)
    this.#known.set(hash, encoded)
    return hash
  }

  /**
   * Finds a schema. Waits for the connection.
   *
   * @returns the encoded descriptor, unchecked: any program can write to the bucket; undefined if no bridge has announced the schema
   * @throws an error of the server, or the signal's reason
   */
  async find(hash: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const known = this.#known.get(hash)
    if (known !== undefined) return known
    if (!/^[0-9a-f]{16}$/.test(hash)) return undefined
    const bucket = await this.#bucket(signal)
    const entry = await bucket.get(hash)
    if (entry?.operation !== 'PUT' || schemaHash(entry.value) !== hash) return undefined
    if (this.#known.size < MAX_KNOWN) this.#known.set(hash, entry.value)
    return entry.value
  }

  async #bucket(signal: AbortSignal): Promise<KV> {
    const { buckets, connection } = await this.#link.whenUp(signal)
    const create = (replicas: number) => buckets.create(BUCKET, { history: 1, replicas })
    if (!connection.info?.cluster) return await create(1)
    try {
      return await create(CLUSTER_REPLICAS)
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error
      return await create(1) // the cluster is smaller
    }
  }
}
