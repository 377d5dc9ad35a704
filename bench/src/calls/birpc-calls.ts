/** The package birpc, between a thread and its worker. */

import { parentPort } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import { Content } from '../roles/content.js'
import type { MessageObject } from '../roles/message-object.js'
import type { CallPeer } from './call-peer.js'
import { callerOf, echoOf } from './echo.js'

interface Functions {
  echo(request: MessageObject): MessageObject
}

export const birpcCalls: CallPeer = {
  place: 'worker',

  async serve(trial) {
    const port = parentPort
    if (port === null) throw new Error('this is no worker')
    const functions: Functions = { echo: echoOf(new Content(trial.payload), 'bytes') }
    createBirpc(functions, { post: (data) => port.postMessage(data), on: (listen) => port.on('message', listen) })
    return () => port.close()
  },

  async connect(trial, server) {
    const worker = server?.worker
    if (worker === undefined) throw new Error('the server is no worker of this process')
    const rpc = createBirpc<Functions>(
      {},
      { post: (data) => worker.postMessage(data), on: (listen) => worker.on('message', listen) },
    )
    return {
      call: callerOf(new Content(trial.payload), 'bytes', (request) => rpc.echo(request)),
      close: () => rpc.$close(),
    }
  },
}
