import { setTimeout } from 'node:timers/promises'
import type { StreamInfo } from '@nats-io/jetstream'
import { Backoff } from '../link/backoff.js'
import type { Clients } from '../link/link.js'
import type { RouteContext } from '../routes/route.js'
import type { PublishWindow } from './publish-window.js'

/** What happens before messages are published: after each connect, and after each interruption. */
export type Prepare = (clients: Clients) => Promise<StreamInfo>

/**
 * Publishes what is in a window, over disconnects and failures, until the signal aborts. Never gives up: the messages that wait have no
 * other place to go.
 */
export async function deliver(
  window: PublishWindow,
  { link, figures, log }: RouteContext,
  prepare: Prepare,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff()
  const stop = () => window.interrupt('the route ends')
  const stopListening = link.onChange((isUp) => {
    if (!isUp) window.interrupt('the connection is down', true)
  })
  signal.addEventListener('abort', stop)
  const failed = async (reason: string) => {
    if (figures.error !== reason) log(reason)
    figures.error = reason
    await setTimeout(backoff.next(), undefined, { signal })
  }
  try {
    const clients = await link.clients(signal)
    while (!signal.aborted) {
      await link.whenUp(signal)
      try {
        await prepare(clients)
      } catch (error) {
        if (link.isUp) await failed(error instanceof Error ? error.message : String(error))
        continue
      }
      if (!link.isUp) continue
      const before = window.settled
      const { reason, mayGoOn } = await window.run(clients.connection)
      if (window.settled !== before) backoff.reset()
      if (mayGoOn || signal.aborted) continue
      await failed(reason)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    stopListening()
    signal.removeEventListener('abort', stop)
  }
}
