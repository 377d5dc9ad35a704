import type { ServerResponse } from 'node:http'
import type { Looker } from './looker.js'
import { OpenPage } from './open-page.js'
import type { Trust } from './trust.js'

/** A browser keeps six connections to a server at most. */
const MAX_PAGES = 16

/** The pages that are open now. */
export class OpenPages {
  readonly #looker: Looker
  readonly #trustOwner: Trust
  readonly #pages = new Set<OpenPage>()

  constructor(looker: Looker, trustOwner: Trust) {
    this.#looker = looker
    this.#trustOwner = trustOwner
  }

  /**
   * Sends events to one more page, until it goes.
   *
   * @param name the memory that the page has chosen
   */
  open(response: ServerResponse, name: string | undefined): void {
    if (this.#pages.size >= MAX_PAGES) {
      response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8' }).end('too many pages are open\n')
      return
    }
    const page = new OpenPage(response, name, this.#trustOwner, () => {
      this.#pages.delete(page)
      this.#looker.delete(page)
    })
    this.#pages.add(page)
    this.#looker.add(page)
  }

  close(): void {
    for (const page of this.#pages) page.end()
  }
}
