/** The package @grpc/grpc-js over a unix domain socket. Messages are encoded as Protocol Buffers. */

import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Content } from '../roles/content.js'
import { checkObject, type MessageObject, messageObject } from '../roles/message-object.js'
import type { CallPeer } from './call-peer.js'
import type { CallTrial } from './call-trial.js'
import { callerOf, echoOf } from './echo.js'
import { socketPath } from './socket-path.js'

type Answered = (error: grpc.ServiceError | null, answer?: MessageObject) => void

interface EchoClient extends grpc.Client {
  echo(request: MessageObject, answered: Answered): void
  parts(request: MessageObject): grpc.ClientReadableStream<MessageObject>
}

/** A message may be as long as the longest payload, and its fields. */
const OPTIONS = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }

const address = (trial: CallTrial) => `unix:${socketPath(trial)}`

function echoService(): grpc.ServiceClientConstructor {
  const definition = loadSync(fileURLToPath(new URL('echo.proto', import.meta.url)))
  const { memlane } = grpc.loadPackageDefinition(definition) as unknown as {
    memlane: { bench: { Echo: grpc.ServiceClientConstructor } }
  }
  return memlane.bench.Echo
}

export const grpcCalls: CallPeer = {
  place: 'process',

  async serve(trial) {
    const content = new Content(trial.payload)
    const echo = echoOf(content, 'bytes')
    const server = new grpc.Server(OPTIONS)
    server.addService(echoService().service, {
      echo(call: grpc.ServerUnaryCall<MessageObject, MessageObject>, callback: grpc.sendUnaryData<MessageObject>) {
        callback(null, echo(call.request))
      },
      parts(call: grpc.ServerWritableStream<MessageObject, MessageObject>) {
        let sequence = checkObject(content, call.request)
        const write = () => {
          while (!call.cancelled) {
            if (!call.write(messageObject(content, sequence++, 'bytes'))) {
              call.once('drain', write)
              return
            }
          }
        }
        write()
      },
    })
    await promisify(server.bindAsync.bind(server))(address(trial), grpc.ServerCredentials.createInsecure())
    return () => {
      server.forceShutdown()
      rmSync(socketPath(trial), { force: true })
    }
  },

  async connect(trial) {
    const content = new Content(trial.payload)
    const Echo = echoService()
    const client = new Echo(address(trial), grpc.credentials.createInsecure(), OPTIONS) as unknown as EchoClient
    const echo = promisify((request: MessageObject, answered: Answered) => client.echo(request, answered))
    return {
      call: callerOf(content, 'bytes', (request) => echo(request) as Promise<MessageObject>),
      async *parts() {
        const parts = client.parts(messageObject(content, 0, 'bytes'))
        parts.on('error', () => {}) // the loop gets it, or has ended by `cancel`
        try {
          yield* parts as AsyncIterable<MessageObject>
        } finally {
          parts.cancel()
        }
      },
      close: () => client.close(),
    }
  },
}
