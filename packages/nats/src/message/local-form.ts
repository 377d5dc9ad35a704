import { Payload } from '@memlane/inspect/internal'
import type { PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'
import { encodeDescriptor, keysIn, ONLY_KEY } from '@memlane/protocol/internal'
import type { Msg } from '@nats-io/nats-core'
import type { WireEncoding } from '../config/route-config.js'
import { encodingIn, SCHEMA } from './headers.js'
import { projectedValue } from './projected-value.js'
import { type SchemaStore, schemaHash } from './schema-store.js'
import { type WireForm, wireForm } from './wire-form.js'

/** Schemas that are remembered. A program that makes up hashes must not fill the memory. */
const MAX_KNOWN = 256

/** Reads the values of one kind of message. */
type ValueIn = WireForm['valueIn']

/** Turns messages of NATS, which any program may have sent, into messages of one local schema. */
export class LocalForm {
  readonly #schemas: SchemaStore
  readonly #payload: Payload
  readonly #hash: string
  readonly #key: string
  /** By encoding and hash; undefined for a schema that no bridge has announced. */
  readonly #known = new Map<string, ValueIn | undefined>()

  /**
   * @param board the board to which the schema belongs, as the value of a key: then messages name the schema of their board
   * @throws LayoutError `CORRUPT` for a descriptor that memlane cannot have written
   */
  constructor(
    descriptor: PayloadDescriptor,
    schemas: SchemaStore,
    board: { readonly descriptor: SchemaDescriptor; readonly key: string } = { descriptor, key: ONLY_KEY },
  ) {
    this.#schemas = schemas
    this.#payload = new Payload(descriptor)
    this.#hash = schemaHash(encodeDescriptor(board.descriptor))
    this.#key = board.key
  }

  /** True if `bytesOf` can be called for the message; if not, call `learn` first. */
  isKnown(message: Msg): boolean {
    const { key, hash } = this.#facts(message)
    return hash === undefined || hash === this.#hash || this.#known.has(key)
  }

  /** Finds the schema of the sender. Waits for the connection. @throws an error of the server, or the signal's reason */
  async learn(message: Msg, signal: AbortSignal): Promise<void> {
    const { key, hash, encoding } = this.#facts(message)
    if (hash === undefined) return
    const encoded = await this.#schemas.find(hash, signal)
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(key, encoded && formOf(encoded, encoding, this.#key))
  }

  /**
   * Makes the bytes of a message as they lie in memory. They may lie in the message itself.
   *
   * @throws an error that says why the message is no message of the schema
   */
  bytesOf(message: Msg): Uint8Array {
    const { key, hash, encoding } = this.#facts(message)
    const { data } = message
    if (hash === this.#hash && encoding === 'raw') {
      if (this.#payload.codec.fixedLength !== data.length) this.#payload.decode(data)
      return data
    }
    const isSame = hash === undefined || hash === this.#hash
    let valueIn = this.#known.get(key)
    if (valueIn === undefined && encoding === 'raw') throw new TypeError('no bridge has announced its schema')
    if (valueIn === undefined) {
      valueIn = wireForm(this.#payload.descriptor, encoding).valueIn
      if (isSame) this.#known.set(key, valueIn)
    }
    const value = valueIn(data)
    return this.#payload.encode(hash === this.#hash ? value : projectedValue(value, this.#payload.descriptor))
  }

  #facts({ headers }: Msg) {
    const encoding = encodingIn(headers)
    const hash = headers?.get(SCHEMA) || undefined
    return { encoding, hash, key: `${encoding} ${hash}` }
  }
}

function formOf(encoded: Uint8Array, encoding: WireEncoding, key: string): ValueIn | undefined {
  try {
    const payload = keysIn(encoded, 0).members.find(({ name }) => name === key)?.payload
    return payload && wireForm(payload, encoding).valueIn
  } catch {
    return undefined // some program wrote nonsense to the bucket
  }
}
