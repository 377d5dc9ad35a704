import { setTimeout } from 'node:timers/promises'
import { abortable } from '../../link/abortable.js'
import { Backoff } from '../../link/backoff.js'
import type { Clients } from '../../link/link.js'
import type { RouteContext } from '../route.js'
import type { PublishWindow } from './publish-window.js'

/** What happens before messages are published: after each connect, and after each failure. The signal aborts when the connection is lost. */
export type Prepare = (clients: Clients, signal: AbortSignal) => Promise<void>

/**
 * Publishes what is in a window, over disconnects and failures, until the signal aborts. Never gives up: the messages that wait have no
 * other place to go.
 *
 * @throws Error if the connection is closed for good
 */
export async function deliver(
  window: PublishWindow,
  { link, figures, log }: RouteContext,
  prepare: Prepare,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff()
  let connected = new AbortController()
  const disconnect = (reason: string) => {
    connected.abort(new Error(reason))
    window.interrupt(reason, 'prepare')
  }
  const stopListening = link.onChange((isUp) => isUp || disconnect('the connection is down'))
  const end = () => disconnect('the route ends')
  signal.addEventListener('abort', end)
  try {
    let isPrepared = false
    while (!signal.aborted) {
      const clients = await link.whenUp(signal)
      let failure: string
      try {
        if (!isPrepared) {
          connected = new AbortController()
          await abortable(prepare(clients, connected.signal), connected.signal)
          if (window.length === 0) figures.error = undefined
        }
        const before = window.settled
        const { reason, next } = await window.run(clients.connection)
        if (window.settled !== before) backoff.reset()
        isPrepared = next === 'go-on'
        if (next !== 'pause') continue
        failure = reason
      } catch (error) {
        isPrepared = false
        if (!link.isUp || signal.aborted) continue
        failure = error instanceof Error ? error.message : String(error)
      }
      if (figures.error !== failure) log(failure)
      figures.error = failure
      await setTimeout(backoff.next(), undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    stopListening()
    signal.removeEventListener('abort', end)
  }
}
