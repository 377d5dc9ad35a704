import { Payload } from '@memlane/inspect/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import type { Encoding } from './bridge-trial.js'
import type { Sample } from './sample.js'

/** All fields of all samples. */
interface AnySample extends Sample {
  k: number
  x: number
  y: number
  text: string
  block?: Uint8Array
}

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
  if (encoding === 'raw') return rawWire(payload)
  const form = new Payload(messagepack().descriptor)
  return { encode: (value) => form.encode(value), decode: (bytes) => form.decode(bytes) as Sample }
}

/** The layout of the samples, by hand. */
function rawWire(payload: number): Wire {
  return {
    encode(value) {
      const { sentMs, n, k, x, y, text, block } = value as AnySample
      const bytes = Buffer.alloc(payload)
      bytes.writeDoubleLE(sentMs, 0)
      bytes.writeUInt32LE(n, 8)
      bytes.writeUInt32LE(k, 12)
      if (payload === 32) {
        bytes.writeDoubleLE(x, 16)
        bytes.writeDoubleLE(y, 24)
      } else if (block !== undefined) bytes.set(block, 16)
      else bytes.write(text, 16)
      return bytes
    },
    decode(data) {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
      const head = { sentMs: bytes.readDoubleLE(0), n: bytes.readUInt32LE(8), k: bytes.readUInt32LE(12) }
      if (payload === 32) return Object.assign(head, { x: bytes.readDoubleLE(16), y: bytes.readDoubleLE(24) })
      if (payload === 65_536) return Object.assign(head, { block: bytes.subarray(16) })
      return Object.assign(head, { text: bytes.toString('utf8', 16, bytes.indexOf(0, 16)) })
    },
  }
}
