/** The package comlink, between a thread and its worker. */

import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import type { Endpoint } from 'comlink'
import { Content } from '../roles/content.js'
import type { MessageObject } from '../roles/message-object.js'
import type { CallPeer } from './call-peer.js'
import { callerOf, echoOf } from './echo.js'

// Its types of the adapter for Node name another file than the one that Node finds.
const load = createRequire(import.meta.url)
const { expose, wrap } = load('comlink') as typeof import('comlink')
const nodeEndpoint = load('comlink/dist/umd/node-adapter.js') as (port: object) => Endpoint

interface Functions {
  echo(request: MessageObject): MessageObject
}

export const comlinkCalls: CallPeer = {
  place: 'worker',

  async serve(trial) {
    const port = parentPort
    if (port === null) throw new Error('this is no worker')
    const functions: Functions = { echo: echoOf(new Content(trial.payload), 'bytes') }
    expose(functions, nodeEndpoint(port))
    return () => port.close()
  },

  async connect(trial, server) {
    if (server?.worker === undefined) throw new Error('the server is no worker of this process')
    const remote = wrap<Functions>(nodeEndpoint(server.worker))
    const call = (request: MessageObject) => remote.echo(request) as Promise<MessageObject>
    return { call: callerOf(new Content(trial.payload), 'bytes', call), close: () => {} }
  },
}
