import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const TOKEN_BYTES = 24

/** Why a request is refused: the status of HTTP. */
export type Refusal = 403 | 404

/**
 * Decides which requests get an answer. Any page of a browser can send requests to 127.0.0.1, so there are two checks:
 *
 * - The first part of the path is a random token. Only the page that this server has delivered, and its user, know it.
 * - `Host` must be this server's, and so must `Origin` if there is one. A page of another site whose name was bound to 127.0.0.1 (DNS
 *   rebinding) fails here even if it knew the token.
 */
export class Access {
  readonly url: string
  readonly #token = randomBytes(TOKEN_BYTES).toString('base64url')
  readonly #origins: ReadonlySet<string>
  readonly #hosts: ReadonlySet<string>

  constructor(port: number) {
    const origins = ['127.0.0.1', 'localhost'].map((host) => new URL(`http://${host}:${port}`))
    this.#origins = new Set(origins.map(({ origin }) => origin))
    this.#hosts = new Set(origins.map(({ host }) => host))
    this.url = `http://127.0.0.1:${port}/${this.#token}/`
  }

  /** Returns the rest of the path, such as `page.js`, and empty for the page itself; or why the request gets no answer. */
  check({ method, url = '', headers }: IncomingMessage): { path: string; query: URLSearchParams } | Refusal {
    const { host = '', origin } = headers
    if (!this.#hosts.has(host)) return 403
    // A browser sends the origin with each POST.
    if (origin === undefined ? method !== 'GET' : !this.#origins.has(origin)) return 403
    const [, token = '', path, query = ''] = /^\/([^/?]*)\/([^?]*)(?:\?(.*))?$/.exec(url) ?? []
    if (path === undefined || !this.#isToken(token)) return 404
    return { path, query: new URLSearchParams(query) }
  }

  /** Takes the same time for each wrong token. */
  #isToken(token: string): boolean {
    const [given, own] = [Buffer.from(token), Buffer.from(this.#token)]
    return given.length === own.length && timingSafeEqual(given, own)
  }
}
