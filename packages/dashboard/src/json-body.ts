import type { IncomingMessage } from 'node:http'

const MAX_LENGTH = 4096

/** Reads the JSON body of a request. Undefined if it is no JSON, or longer than any action of the page. */
export async function jsonBody(request: IncomingMessage): Promise<unknown> {
  if (request.headers['content-type'] !== 'application/json') return undefined
  let body = ''
  for await (const chunk of request) {
    body += chunk
    if (body.length > MAX_LENGTH) return undefined
  }
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
