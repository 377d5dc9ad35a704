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
  const isSmall = payload === 32
  return {
    encode(value) {
      const { sentMs, n, k, x, y, text } = value as AnySample
      const bytes = Buffer.alloc(payload)
      bytes.writeDoubleLE(sentMs, 0)
      bytes.writeUInt32LE(n, 8)
      bytes.writeUInt32LE(k, 12)
      if (isSmall) {
        bytes.writeDoubleLE(x, 16)
        bytes.writeDoubleLE(y, 24)
      } else bytes.write(text, 16)
      return bytes
    },
    decode(data): AnySample {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
      return {
        sentMs: bytes.readDoubleLE(0),
        n: bytes.readUInt32LE(8),
        k: bytes.readUInt32LE(12),
        x: isSmall ? bytes.readDoubleLE(16) : 0,
        y: isSmall ? bytes.readDoubleLE(24) : 0,
        text: isSmall ? '' : bytes.toString('utf8', 16, bytes.indexOf(0, 16)),
      }
    },
  }
}
