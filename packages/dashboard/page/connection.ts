import type { PageEvents } from '../src/events.js'

/** Receives what the server sends. */
export type Handlers = { readonly [Name in keyof PageEvents]: (event: PageEvents[Name]) => void }

export type ConnectionState = 'live' | 'lost' | 'refused' | 'paused'

/** The connection to the server. As long as it is open, the server looks. */
export class Connection {
  readonly #handlers: Handlers
  readonly #onState: (state: ConnectionState) => void
  #source: EventSource | undefined
  #name: string | undefined
  #paused = false

  constructor(handlers: Handlers, onState: (state: ConnectionState) => void) {
    this.#handlers = handlers
    this.#onState = onState
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Connects, for all memory and for what goes through the chosen one. */
  choose(name: string | undefined): void {
    this.#name = name
    if (!this.#paused) this.#open()
  }

  /** Disconnects, so that nothing changes any more; or connects again. */
  pause(paused: boolean): void {
    this.#paused = paused
    if (paused) {
      this.#source?.close()
      this.#onState('paused')
    } else this.#open()
  }

  #open(): void {
    this.#source?.close()
    const source = new EventSource(
      this.#name === undefined ? 'events' : `events?name=${encodeURIComponent(this.#name)}`,
    )
    this.#source = source
    for (const [name, handle] of Object.entries(this.#handlers)) {
      source.addEventListener(name, (event) => {
        this.#onState('live')
        handle(JSON.parse(event.data))
      })
    }
    source.addEventListener('error', () => this.#onState(source.readyState === EventSource.CLOSED ? 'refused' : 'lost'))
  }
}
