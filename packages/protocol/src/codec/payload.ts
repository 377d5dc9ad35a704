import { bytes } from './bytes.js'
import { json } from './json.js'
import { utf8 } from './utf8.js'

/** Payloads of any length, for what has no layout. MessagePack is in `@memlane/protocol/messagepack`. */
export const payload = { bytes, utf8, json } as const
