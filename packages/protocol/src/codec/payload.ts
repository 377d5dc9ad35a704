import { bytes } from './bytes.js'

/** Payloads of any length. */
export const payload = { bytes } as const
