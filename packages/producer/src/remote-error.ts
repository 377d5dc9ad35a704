/** What a handler has thrown, as its client gets it. `name` and `message` are those of the error in the server. */
export class RemoteError extends Error {
  /** The procedure that failed. */
  readonly procedure: string
  /** The error's `code`, if it had one. */
  declare readonly code: string | number | undefined
  /** The error's `data`, as JSON has it, if it had any. */
  declare readonly data: unknown
  /** Where it was thrown in the server, if the server runs with `NODE_ENV=development`. */
  declare readonly remoteStack: string | undefined

  constructor(procedure: string, { name, message, code, data, stack }: RemoteErrorParts) {
    super(message)
    this.procedure = procedure
    Object.defineProperty(this, 'name', { value: name, configurable: true, writable: true })
    // Sets only the known ones, so that console.log shows no undefined properties.
    if (code !== undefined) this.code = code
    if (data !== undefined) this.data = data
    if (stack !== undefined) this.remoteStack = stack
  }
}

interface RemoteErrorParts {
  readonly name: string
  readonly message: string
  readonly code?: string | number | undefined
  readonly data?: unknown
  readonly stack?: string | undefined
}

/** Makes the error from its JSON. The bytes may be anything. */
export function decodeError(procedure: string, bytes: Uint8Array): RemoteError {
  let found: unknown
  try {
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // told below
  }
  if (typeof found !== 'object' || found === null) {
    return new RemoteError(procedure, { name: 'Error', message: `${procedure} failed, and its error is not readable` })
  }
  const { name, message, code, data, stack } = found as Record<string, unknown>
  return new RemoteError(procedure, {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : '',
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    data,
    stack: typeof stack === 'string' ? stack : undefined,
  })
}
