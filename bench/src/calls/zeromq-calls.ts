/**
 * Sockets of the package zeromq, over ipc://. One call at a time goes through REQ and REP. Those sockets allow only that: several in flight
 * go through DEALER and ROUTER, with the number of the call in a frame of its own.
 */

import { rmSync } from 'node:fs'
import { Content, memoryOf } from '../roles/content.js'
import type { CallPeer } from './call-peer.js'
import type { CallTrial } from './call-trial.js'
import { checkNumber } from './echo.js'
import { PendingAnswers } from './pending-answers.js'
import { socketPath } from './socket-path.js'

const address = (trial: CallTrial) => `ipc://${socketPath(trial)}`

export const zeromqCalls: CallPeer = {
  place: 'process',

  async serve(trial) {
    const { Reply, Router } = await import('zeromq')
    const content = new Content(trial.payload)
    const echo = (request: Buffer) => messageOf(content, content.checkBytes(request))
    if (trial.inFlight > 1) {
      const socket = new Router()
      await socket.bind(address(trial))
      const serving = async () => {
        for await (const [client, id, request] of socket) {
          await socket.send([client as Buffer, id as Buffer, echo(request as Buffer)])
        }
      }
      void serving()
      return () => end(socket, trial)
    }
    const socket = new Reply()
    await socket.bind(address(trial))
    const serving = async () => {
      for await (const [request] of socket) await socket.send(echo(request as Buffer))
    }
    void serving()
    return () => end(socket, trial)
  },

  async connect(trial) {
    const { Dealer, Request } = await import('zeromq')
    const content = new Content(trial.payload)
    if (trial.inFlight > 1) {
      const socket = new Dealer({ linger: 0 })
      socket.connect(address(trial))
      const pending = new PendingAnswers<Buffer>()
      const receiving = async () => {
        for await (const [id, answer] of socket) pending.settle((id as Buffer).readUInt32LE(), answer as Buffer)
      }
      void receiving()
      // A socket sends one message at a time.
      let sent: Promise<unknown> = Promise.resolve()
      return {
        async call(sequence) {
          const answer = await pending.begin((number) => {
            const id = Buffer.allocUnsafe(4)
            id.writeUInt32LE(number)
            sent = sent.then(() => socket.send([id, messageOf(content, sequence)]))
          })
          checkNumber(content.checkBytes(answer), sequence)
        },
        close: () => socket.close(),
      }
    }
    const socket = new Request({ linger: 0 })
    socket.connect(address(trial))
    return {
      async call(sequence) {
        await socket.send(messageOf(content, sequence))
        const [answer] = await socket.receive()
        checkNumber(content.checkBytes(answer as Buffer), sequence)
      },
      close: () => socket.close(),
    }
  },
}

function end(socket: { close(): void }, trial: CallTrial): void {
  socket.close()
  rmSync(socketPath(trial), { force: true })
}

/** A buffer of its own: the library may keep it until it is sent. */
function messageOf(content: Content, sequence: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(content.payload)
  content.write(memoryOf(bytes), 0, sequence)
  return bytes
}
