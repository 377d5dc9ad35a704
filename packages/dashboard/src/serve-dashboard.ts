import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OpenOptions } from '@memlane/core'
import { checkOptions, checkWholeNumber, type OptionChecks, openChecks } from '@memlane/core/internal'
import { Access } from './access.js'
import { Looker } from './looker.js'
import { OpenPages } from './open-pages.js'
import { requestListener } from './request-listener.js'

/** Options of `serveDashboard`. */
export interface DashboardOptions {
  /** The port on 127.0.0.1. Default 0: the system chooses a free one. */
  port?: number
  /** How often to look as long as a page is open, in milliseconds. Default 1000. Looks that take long make it look less often. */
  intervalMs?: number
  /** The owners of memory to accept besides this user and root: see `SharedMemory.open`. Default: no other owners. */
  trustOwner?: NonNullable<OpenOptions['trustOwner']>
}

/** A dashboard that is being served. */
export interface Dashboard extends AsyncDisposable {
  /** The address of the page, with a random token: without the token, the server answers nothing. */
  readonly url: string
  /** Stops serving, and disconnects open pages. A second call does nothing more. */
  close(): Promise<void>
}

const LOCAL = '127.0.0.1'
const DEFAULT_INTERVAL_MS = 1000

const dashboardChecks: OptionChecks<DashboardOptions> = {
  port: checkWholeNumber(0, 65_535),
  intervalMs: checkWholeNumber(1, 3_600_000, 'milliseconds'),
  trustOwner: openChecks.trustOwner,
}

/**
 * Serves one page on 127.0.0.1 that shows all shared memory. Looking takes no place in any channel, and neither slows down its producers
 * nor wakes anybody; nothing looks while no page is open. Only programs that know the address get an answer.
 *
 * Keeps the process running until `close`. Each look blocks this thread for some milliseconds.
 *
 * @throws TypeError if an option is unknown or has the wrong type; RangeError if it is out of its range; the error of Node.js if it cannot
 * listen on the port, such as `EADDRINUSE`
 */
export async function serveDashboard(options: DashboardOptions = {}): Promise<Dashboard> {
  checkOptions('serveDashboard', options, dashboardChecks)
  const { port = 0, intervalMs = DEFAULT_INTERVAL_MS, trustOwner = false } = options
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, LOCAL, resolve)
  })
  const access = new Access((server.address() as AddressInfo).port)
  const pages = new OpenPages(new Looker(intervalMs, trustOwner), trustOwner)
  server.on('request', requestListener(access, pages, trustOwner))
  const closed = new Promise<void>((resolve) => server.once('close', resolve))
  const close = () => {
    pages.close()
    server.close()
    server.closeAllConnections()
    return closed
  }
  return { url: access.url, close, [Symbol.asyncDispose]: close }
}
