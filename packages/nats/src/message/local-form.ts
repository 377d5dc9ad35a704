import { Payload } from '@memlane/inspect/internal'
import type { PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'
import { encodeDescriptor, keysIn, ONLY_KEY } from '@memlane/protocol/internal'
import type { WireEncoding } from '../config/route-config.js'
import { projectedValue } from './projected-value.js'
import type { ReceivedFacts } from './received-facts.js'
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
  readonly #own: Partial<Record<WireEncoding, ValueIn>> = {}
  /** The forms of other schemas, by their hashes; undefined for a schema that no bridge has announced. */
  readonly #known: Record<WireEncoding, Map<string, ValueIn | undefined>> = {
    json: new Map(),
    messagepack: new Map(),
    raw: new Map(),
  }

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

  /** True if `bytesOf` can be called for such a message; if not, call `learn` first. */
  isKnown({ schema, encoding }: ReceivedFacts): boolean {
    return schema === undefined || schema === this.#hash || this.#known[encoding].has(schema)
  }

  /** Finds the schema of the sender. Waits for the connection. @throws an error of the server, or the signal's reason */
  async learn({ schema, encoding }: ReceivedFacts, signal: AbortSignal): Promise<void> {
    if (schema === undefined) return
    const encoded = await this.#schemas.find(schema, signal)
    const known = this.#known[encoding]
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(schema, encoded && formOf(encoded, encoding, this.#key))
  }

  /**
   * Makes the bytes of a message as they lie in memory. They may lie in the message itself.
   *
   * @throws an error that says why the message is no message of the schema
   */
  bytesOf(data: Uint8Array, { schema, encoding }: ReceivedFacts): Uint8Array {
    const { codec, descriptor } = this.#payload
    const isSame = schema === this.#hash
    if (isSame && encoding === 'raw') {
      if (codec.fixedLength !== data.length) this.#payload.decode(data)
      return data
    }
    const valueIn = schema === undefined || isSame ? undefined : this.#known[encoding].get(schema)
    if (valueIn === undefined && encoding === 'raw') throw new TypeError('no bridge has announced its schema')
    const value = (valueIn ?? this.#ownForm(encoding))(data)
    return this.#payload.encode(isSame ? value : projectedValue(value, descriptor))
  }

  #ownForm(encoding: WireEncoding): ValueIn {
    this.#own[encoding] ??= wireForm(this.#payload.descriptor, encoding).valueIn
    return this.#own[encoding]
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
