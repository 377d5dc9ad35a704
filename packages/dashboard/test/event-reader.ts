import type { PageEvents } from '../src/events.js'

/** Reads the events that a dashboard sends to a page. */
export class EventReader {
  readonly #controller = new AbortController()
  readonly #events: AsyncGenerator<[string, unknown], void>

  /** @param path such as `events?name=quotes` */
  constructor(url: string, path: string) {
    this.#events = this.#read(new URL(path, url))
  }

  /** Waits for the next event of that name for which the condition is true. */
  async next<Name extends keyof PageEvents>(
    wanted: Name,
    isIt: (event: PageEvents[Name]) => boolean = () => true,
  ): Promise<PageEvents[Name]> {
    for (;;) {
      const { value, done } = await this.#events.next()
      if (done) throw new Error(`the events ended without ${wanted}`)
      const [name, data] = value as [string, PageEvents[Name]]
      if (name === 'problem' && wanted !== 'problem') throw new Error(JSON.stringify(data))
      if (name === wanted && isIt(data)) return data
    }
  }

  /** Waits for the end of the events. */
  async end(): Promise<void> {
    for await (const _ of this.#events);
  }

  close(): void {
    this.#controller.abort()
  }

  async *#read(url: URL): AsyncGenerator<[string, unknown], void> {
    const response = await fetch(url, { signal: this.#controller.signal })
    if (!response.ok) throw new Error(`${response.status}`)
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
        text = text.slice(end + 2)
        yield [name, JSON.parse(data)]
      }
    }
  }
}
