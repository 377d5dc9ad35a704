/** How errors travel to the client: as JSON in UTF-8, `{ name, message, code?, data?, stack? }`. */

const isDevelopment = process.env.NODE_ENV === 'development'
const encoder = new TextEncoder()

/**
 * Encodes what a handler has thrown, in at most `most` bytes: what does not fit is left out, first the stack, then the data, then the end of the
 * message. Never throws.
 */
export function encodeError(thrown: unknown, most: number): Uint8Array {
  const { name, message, code, data, stack } = partsOf(thrown)
  for (const attempt of [
    { name, message, code, data, stack },
    { name, message, code, data },
    { name, message, code },
  ]) {
    const encoded = encoder.encode(JSON.stringify(attempt))
    if (encoded.length <= most) return encoded
  }
  // A character takes at most 6 bytes of JSON, and the rest less than 32 bytes.
  const room = Math.max(0, Math.floor((most - 32) / 6))
  const shownName = name.slice(0, Math.floor(room / 4))
  return encoder.encode(JSON.stringify({ name: shownName, message: message.slice(0, room - shownName.length) }))
}

interface ErrorParts {
  readonly name: string
  readonly message: string
  readonly code: string | number | undefined
  readonly data: unknown
  readonly stack: string | undefined
}

function partsOf(thrown: unknown): ErrorParts {
  try {
    if (typeof thrown !== 'object' || thrown === null) {
      return { name: 'Error', message: String(thrown), code: undefined, data: undefined, stack: undefined }
    }
    const { name, message, code, data, stack } = thrown as Record<string, unknown>
    return {
      name: textOf(name, 'Error'),
      message: textOf(message, ''),
      code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
      data: jsonOf(data),
      stack: isDevelopment && typeof stack === 'string' ? stack : undefined,
    }
  } catch {
    const message = 'the handler threw a value that has no text'
    return { name: 'Error', message, code: undefined, data: undefined, stack: undefined }
  }
}

const textOf = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)

/** The value as JSON has it; undefined if it has none. */
function jsonOf(value: unknown): unknown {
  try {
    return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
  } catch {
    return undefined
  }
}
