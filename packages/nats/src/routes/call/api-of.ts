import { type Api, api, call, type PayloadDescriptor, type Procedures, stream } from '@memlane/protocol'
import { type ApiDescriptor, codecFromDescriptor, encodeDescriptor } from '@memlane/protocol/internal'

/**
 * Makes the API that a descriptor describes.
 *
 * @throws TypeError, RangeError or LayoutError for a descriptor that memlane cannot have written
 */
export function apiOf(descriptor: ApiDescriptor): Api<Procedures> {
  const procedures = descriptor.procedures.map(({ name, request, answer, streams, idempotent }) => {
    const [from, to] = [codecOf(request), codecOf(answer)]
    return [name, streams ? call(from, stream(to)) : call(from, to, { idempotent })] as const
  })
  return api(descriptor.name, Object.fromEntries(procedures))
}

function codecOf(descriptor: PayloadDescriptor) {
  return codecFromDescriptor(encodeDescriptor(descriptor), 0)
}
