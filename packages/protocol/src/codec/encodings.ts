import { bytes } from './bytes.js'
import type { AnyCodec, PayloadEncoding } from './codec.js'
import { json } from './json.js'
import { utf8 } from './utf8.js'

/**
 * The codecs of payloads of any length, by their encoding: for messages whose schema this program learns from the memory. MessagePack
 * adds itself when its entry point is imported, because it needs another package.
 */
export const ENCODINGS: Map<PayloadEncoding, () => AnyCodec> = new Map<PayloadEncoding, () => AnyCodec>([
  ['bytes', () => bytes],
  ['utf8', () => utf8],
  ['json', json],
])
