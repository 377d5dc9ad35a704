/** Numbers and bytes that JSON lacks, as strings. */

const NUMBERS = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
])

/** Returns the number itself if JSON has it, otherwise its name. */
export function numberOf(value: number): number | string {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

/** Returns the number of a name, or undefined. */
export function numberIn(name: string): number | undefined {
  return NUMBERS.get(name)
}

/** Encodes bytes in base64. */
export function bytesOf(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
}

/** Decodes base64. Undefined for other text. */
export function bytesIn(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Uint8Array.from(Buffer.from(text, 'base64'))
}
