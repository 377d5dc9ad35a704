import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { SharedMemoryError } from '@memlane/core'
import type { Access } from './access.js'
import { actOnDeadLetter, readDeadLetterAction } from './dead-letter-action.js'
import { jsonBody } from './json-body.js'
import type { OpenPages } from './open-pages.js'
import { pageFiles } from './page-files.js'
import { SECURITY_HEADERS } from './security-headers.js'
import type { Trust } from './trust.js'

/** Answers the requests of the page: its files, its events, and its actions. There is nothing else to get. */
export function requestListener(access: Access, pages: OpenPages, trustOwner: Trust): RequestListener {
  const files = pageFiles()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value)
    const checked = access.check(request)
    if (typeof checked === 'number') return plain(response, checked)
    const { path, query } = checked
    const file = files.get(path)
    if (file !== undefined) {
      if (!allows(request, response, 'GET')) return
      response.setHeader('Content-Type', file.type)
      response.end(file.content)
    } else if (path === 'events') {
      if (allows(request, response, 'GET')) pages.open(response, query.get('name') ?? undefined)
    } else if (path === 'dead-letter') {
      if (allows(request, response, 'POST')) await act(request, response)
    } else plain(response, 404)
  }

  async function act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = readDeadLetterAction(await jsonBody(request))
    if (action === undefined) return plain(response, 400)
    try {
      json(response, { done: await actOnDeadLetter(action, trustOwner) })
    } catch (error) {
      if (!(error instanceof SharedMemoryError || error instanceof RangeError)) throw error
      json(response, { done: false, message: error.message })
    }
  }

  return (request, response) => {
    answer(request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else plain(response, 500)
    })
  }
}

function allows({ method }: IncomingMessage, response: ServerResponse, only: 'GET' | 'POST'): boolean {
  if (method === only) return true
  response.setHeader('Allow', only)
  plain(response, 405)
  return false
}

function plain(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${status}\n`)
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
}
