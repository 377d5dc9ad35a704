import { Payload } from '@memlane/inspect/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { decodeDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import type { MsgHdrs } from '@nats-io/nats-core'
import type { WireEncoding } from '../config/route-config.js'
import { encodingIn, SCHEMA } from './headers.js'
import { type SchemaStore, schemaHash } from './schema-store.js'
import { type WireForm, wireForm } from './wire-form.js'

/** A message that does not fit the local schema, or is none at all. */
export class RefusedMessage extends Error {
  override readonly name = 'RefusedMessage'
}

/** What a bridge gets from the network. */
export interface Incoming {
  readonly headers?: MsgHdrs | undefined
  readonly data: Uint8Array
}

/**
 * Turns messages of NATS into messages of a local schema. A sender may have another schema: its fields are found by their names, and each
 * field of the local schema must be there.
 */
export class Projection {
  readonly #schemas: SchemaStore
  readonly #local: PayloadDescriptor
  readonly #hash: string
  readonly #payload: Payload
  readonly #forms = new Map<string, WireForm>()

  /** @throws LayoutError `CORRUPT` for a descriptor that memlane cannot have written */
  constructor(local: PayloadDescriptor, schemas: SchemaStore) {
    this.#schemas = schemas
    this.#local = local
    this.#hash = schemaHash(encodeDescriptor(local))
    this.#payload = new Payload(local)
  }

  /**
   * Makes the bytes that lie in memory. Waits for the connection if the sender's schema is not known yet.
   *
   * @throws RefusedMessage; an error of the server, or the signal's reason
   */
  async bytesOf({ headers, data }: Incoming, signal: AbortSignal): Promise<Uint8Array> {
    const encoding = encodingIn(headers)
    const hash = headers?.get(SCHEMA) || this.#hash
    const form = this.#forms.get(hash + encoding) ?? (await this.#formOf(hash, encoding, signal))
    return orRefused(() => this.#payload.encode(form.valueIn(data)))
  }

  async #formOf(hash: string, encoding: WireEncoding, signal: AbortSignal): Promise<WireForm> {
    const descriptor = await this.#descriptorOf(hash, encoding, signal)
    const form = orRefused(() => wireForm(descriptor, encoding))
    if (this.#forms.size < MAX_FORMS) this.#forms.set(hash + encoding, form)
    return form
  }

  async #descriptorOf(hash: string, encoding: WireEncoding, signal: AbortSignal): Promise<PayloadDescriptor> {
    if (hash === this.#hash) return this.#local
    const found = await this.#schemas.find(hash, signal)
    if (found !== undefined) return orRefused(() => decodeDescriptor(found) as PayloadDescriptor)
    if (encoding === 'raw') throw new RefusedMessage(`no bridge has announced the schema ${hash} of a raw message`)
    return this.#local
  }
}

/** Any program can name any schema: the bridge remembers so many. */
const MAX_FORMS = 64

function orRefused<T>(attempt: () => T): T {
  try {
    return attempt()
  } catch (error) {
    throw new RefusedMessage(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
