import { inspect } from 'node:util'

/** Longer messages are not decoded: that would take long. */
const MAX_DECODED = 65_536
const MAX_TEXT_LENGTH = 1000
const MAX_SHOWN_BYTES = 64

/** Shows a value in one line, cut if it is long. Shows bytes that are no such value in hexadecimal. */
export function valueText({
  length,
  value,
  bytes,
}: {
  readonly length: number
  value(): unknown
  bytes(): Uint8Array
}): string {
  if (length > MAX_DECODED) return `${length} bytes: ${hexadecimal(bytes())}`
  try {
    return cut(
      inspect(value(), {
        breakLength: Infinity,
        compact: true,
        depth: 8,
        maxStringLength: MAX_TEXT_LENGTH,
        customInspect: false,
      }),
    )
  } catch (error) {
    return cut(`${(error as Error).message} Bytes: ${hexadecimal(bytes())}`)
  }
}

function hexadecimal(bytes: Uint8Array): string {
  const shown = bytes.subarray(0, MAX_SHOWN_BYTES)
  const digits = [...shown].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return shown.length < bytes.length ? `${digits} …` : digits
}

function cut(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text
}
