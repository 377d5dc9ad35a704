import { Payload } from '@memlane/inspect/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import type { Encoding } from './bridge-trial.js'
import { type Sample, sampleOf } from './sample.js'

/** Encodes and decodes messages as a bare program of NATS does that exchanges the same bytes. */
export interface Wire {
  encode(value: Sample): Uint8Array
  decode(bytes: Uint8Array): Sample
}

export function wireOf(payload: number, encoding: Encoding): Wire {
  if (encoding === 'json') {
    const decoder = new TextDecoder()
    return {
      encode: (value) => Buffer.from(JSON.stringify(value)),
      decode: (bytes) => JSON.parse(decoder.decode(bytes)) as Sample,
    }
  }
  const { schema } = sampleOf(payload)
  const form = new Payload(encoding === 'raw' ? schema.descriptor : messagepack().descriptor)
  return { encode: (value) => form.encode(value), decode: (bytes) => form.decode(bytes) as Sample }
}
