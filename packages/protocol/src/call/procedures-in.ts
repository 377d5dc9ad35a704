import type { PayloadDescriptor, ProcedureDescriptor, SchemaDescriptor } from '../codec/codec.js'
import { decodeDescriptor, encodeDescriptor, isSameDescriptor } from '../codec/descriptor.js'
import { checkedDescriptor } from '../codec/from-descriptor.js'
import { isMemberName } from '../codec/members.js'
import { LayoutError } from '../layout/layout-error.js'

/** More would take seconds to check. */
export const MAX_PROCEDURES = 1024

/** What the memory of a channel of calls says about its procedures. */
export type ApiDescriptor = SchemaDescriptor & { readonly kind: 'api' }

/**
 * Decodes and checks the descriptor of an API.
 *
 * @param encoded a private copy of its bytes
 * @param offset where they lie in the memory, for the error
 * @throws LayoutError `CORRUPT` for bytes that describe no API, or not in the only spelling
 */
export function proceduresIn(encoded: Uint8Array, offset: number): ApiDescriptor {
  const corrupt = () => new LayoutError('CORRUPT', offset, `its schema at offset ${offset} describes no procedures`)
  const payloadIn = (found: unknown): PayloadDescriptor => {
    if (typeof found !== 'object' || found === null) throw corrupt()
    try {
      return checkedDescriptor(encodeDescriptor(found as PayloadDescriptor), offset)
    } catch (error) {
      throw error instanceof LayoutError ? error : corrupt() // it is nested too deeply
    }
  }
  const { kind, name, procedures } = jsonObject(decoded(encoded, corrupt))
  if (kind !== 'api' || typeof name !== 'string' || !Array.isArray(procedures)) throw corrupt()
  if (procedures.length === 0 || procedures.length > MAX_PROCEDURES) throw corrupt()
  const checked = procedures.map((each): ProcedureDescriptor => {
    const { name, request, answer, streams, idempotent } = jsonObject(each)
    if (typeof name !== 'string' || !isMemberName(name)) throw corrupt()
    if (typeof streams !== 'boolean' || typeof idempotent !== 'boolean' || (streams && idempotent)) throw corrupt()
    return { name, request: payloadIn(request), answer: payloadIn(answer), streams, idempotent }
  })
  const descriptor: ApiDescriptor = { kind: 'api', name, procedures: checked }
  const isUnique = new Set(checked.map((each) => each.name)).size === checked.length
  if (!isUnique || !isSameDescriptor(encodeDescriptor(descriptor), encoded)) throw corrupt()
  return descriptor
}

function decoded(encoded: Uint8Array, corrupt: () => LayoutError): unknown {
  try {
    return decodeDescriptor(encoded)
  } catch {
    throw corrupt()
  }
}

function jsonObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
