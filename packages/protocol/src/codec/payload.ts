import { bytes } from './bytes.js'
import { json } from './json.js'
import { utf8 } from './utf8.js'

/** Codecs for values without a layout, of any length. `@memlane/protocol/messagepack` has one more. */
export const payload = { bytes, utf8, json } as const
