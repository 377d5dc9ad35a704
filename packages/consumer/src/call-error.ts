/** How errors travel to the client: as JSON in UTF-8, `{ name, message, code?, data?, stack? }`. */

const isDevelopment = process.env.NODE_ENV === 'development'
const encoder = new TextEncoder()

/**
 * Encodes what a handler has thrown, in at most `most` bytes: what does not fit is left out, first the stack, then the data, then the end of the
 * message. Never throws.
 */
export function encodeError(thrown: unknown, most: number): Uint8Array {
  const { name, message, code, data, stack } = partsOf(thrown, most)
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

/** The parts of an error. Those of more than `most` characters, which cannot fit, are cut: JSON of the longest texts would be too long for a string. */
function partsOf(thrown: unknown, most: number): ErrorParts {
  const cut = (text: unknown) => (typeof text === 'string' ? text.slice(0, most) : undefined)
  try {
    if (typeof thrown !== 'object' || thrown === null) {
      const message = String(thrown).slice(0, most)
      return { name: 'Error', message, code: undefined, data: undefined, stack: undefined }
    }
    const { name, message, code, data, stack } = thrown as Record<string, unknown>
    return {
      name: cut(name) ?? 'Error',
      message: cut(message) ?? '',
      code: typeof code === 'number' ? code : cut(code),
      data: jsonOf(data, most),
      stack: isDevelopment ? cut(stack) : undefined,
    }
  } catch {
    const message = 'the handler threw a value that has no text'
    return { name: 'Error', message, code: undefined, data: undefined, stack: undefined }
  }
}

/** The value as JSON has it; undefined if it has none, or one of more than `most` characters. */
function jsonOf(value: unknown, most: number): unknown {
  try {
    const json = value === undefined ? undefined : JSON.stringify(value)
    return json === undefined || json.length > most ? undefined : JSON.parse(json)
  } catch {
    return undefined
  }
}
