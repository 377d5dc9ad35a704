/** Encodes bytes as base64. */
export function toBase64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/**
 * Decodes base64.
 *
 * @throws TypeError for anything but a string
 */
export function fromBase64(text: unknown): Uint8Array {
  if (typeof text !== 'string') throw new TypeError('a string in base64 is expected')
  return new Uint8Array(Buffer.from(text, 'base64'))
}
