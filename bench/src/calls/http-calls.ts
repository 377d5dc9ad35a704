/** HTTP with JSON: a server of node:http, and a pool of the package undici, which keeps its connections. Over a unix domain socket. */

import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { Pool } from 'undici'
import { Content } from '../roles/content.js'
import type { MessageObject } from '../roles/message-object.js'
import type { CallPeer } from './call-peer.js'
import { callerOf, echoOf } from './echo.js'
import { socketPath } from './socket-path.js'

const headers = { 'content-type': 'application/json' }

export const httpCalls: CallPeer = {
  place: 'process',

  async serve(trial) {
    const echo = echoOf(new Content(trial.payload), 'text')
    const path = socketPath(trial)
    const server = createServer(async (request, response) => {
      response.writeHead(200, headers).end(JSON.stringify(echo((await json(request)) as MessageObject)))
    })
    await once(server.listen(path), 'listening')
    return () => {
      server.close()
      server.closeAllConnections()
      rmSync(path, { force: true })
    }
  },

  async connect(trial) {
    const pool = new Pool('http://localhost', { socketPath: socketPath(trial), connections: trial.inFlight })
    const call = async (request: MessageObject) => {
      const { body } = await pool.request({ path: '/echo', method: 'POST', headers, body: JSON.stringify(request) })
      return (await body.json()) as MessageObject
    }
    return { call: callerOf(new Content(trial.payload), 'text', call), close: () => pool.destroy() }
  },
}
