import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const // SIGHUP: the terminal was closed
const INPUT_EVENTS = ['data', 'end', 'error'] as const // an error counts as the end of the input

/**
 * Notices requests to end the process: SIGINT, SIGTERM and SIGHUP. With `key`, a key on a terminal is a request, too. If standard
 * input is not a terminal, any byte or the end of the input is one. With `key`, the terminal delivers single keys instead of lines
 * until this object is disposed.
 */
export class EndRequest implements Disposable {
  readonly #controller = new AbortController()
  readonly #key: boolean
  readonly #request = () => this.#controller.abort()

  constructor({ key }: { key: boolean }) {
    this.#key = key
    for (const name of SIGNALS) process.on(name, this.#request)
    if (!key) return
    const input = process.stdin
    for (const event of INPUT_EVENTS) input.on(event, this.#request)
    if (input.isTTY) input.setRawMode(true)
    input.resume()
  }

  /** Aborts when the end is requested. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /**
   * Waits until the end is requested.
   *
   * @param limitMs the longest wait, in milliseconds; without it, there is no limit
   * @returns whether the end was requested
   */
  async within(limitMs?: number): Promise<boolean> {
    const { signal } = this
    if (limitMs === undefined) {
      if (!signal.aborted) await once(signal, 'abort')
    } else await setTimeout(limitMs, undefined, { signal }).catch(() => {})
    return signal.aborted
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#request)
    if (!this.#key) return
    const input = process.stdin
    if (input.isTTY) input.setRawMode(false)
    input.pause()
    input.unref?.()
    for (const event of INPUT_EVENTS) input.off(event, this.#request)
  }
}
