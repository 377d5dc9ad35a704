import type { ServerResponse } from 'node:http'
import type { PageEvents } from './events.js'

/** Sends Server-Sent Events to one page. */
export class EventStream {
  readonly #response: ServerResponse

  /** @param onEnd called once, when the page has gone */
  constructor(response: ServerResponse, onEnd: () => void) {
    this.#response = response
    response.once('close', onEnd)
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.flushHeaders()
  }

  /** False while the page has not received what was sent: then nothing more should be sent, so that nothing piles up. */
  get hasRoom(): boolean {
    return !this.#response.writableNeedDrain && !this.#response.writableEnded
  }

  send<Name extends keyof PageEvents>(name: Name, data: PageEvents[Name]): void {
    if (this.#response.writableEnded) return
    this.#response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  end(): void {
    this.#response.end()
  }
}
