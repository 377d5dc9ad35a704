/** JSON over a unix domain socket of Node's `net`. A frame is the length of the JSON as u32, and the JSON. */

import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { Content } from '../roles/content.js'
import type { MessageObject } from '../roles/message-object.js'
import type { CallPeer } from './call-peer.js'
import { callerOf, echoOf } from './echo.js'
import { PendingAnswers } from './pending-answers.js'
import { socketPath } from './socket-path.js'

const HEADER_LENGTH = 4

interface Frame {
  readonly id: number
  readonly value: MessageObject
}

export const socketCalls: CallPeer = {
  place: 'process',

  async serve(trial) {
    const echo = echoOf(new Content(trial.payload), 'text')
    const path = socketPath(trial)
    const server = createServer((socket) => {
      onFrame(socket, ({ id, value }) => send(socket, { id, value: echo(value) }))
    })
    await once(server.listen(path), 'listening')
    return () => {
      server.close()
      rmSync(path, { force: true })
    }
  },

  async connect(trial) {
    const socket = connect(socketPath(trial))
    await once(socket, 'connect')
    const pending = new PendingAnswers<MessageObject>()
    onFrame(socket, ({ id, value }) => pending.settle(id, value))
    const call = (value: MessageObject) => pending.begin((id) => send(socket, { id, value }))
    return { call: callerOf(new Content(trial.payload), 'text', call), close: () => socket.destroy() }
  },
}

function send(socket: Socket, frame: Frame): void {
  const json = JSON.stringify(frame)
  const length = Buffer.byteLength(json)
  const bytes = Buffer.allocUnsafe(HEADER_LENGTH + length)
  bytes.writeUInt32LE(length)
  bytes.write(json, HEADER_LENGTH)
  socket.write(bytes)
}

function onFrame(socket: Socket, take: (frame: Frame) => void): void {
  let chunks: Buffer[] = []
  let received = 0
  let wanted = HEADER_LENGTH
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    received += chunk.length
    if (received < wanted) return
    const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    let offset = 0
    wanted = HEADER_LENGTH
    while (offset + HEADER_LENGTH <= bytes.length) {
      const end = offset + HEADER_LENGTH + bytes.readUInt32LE(offset)
      if (end > bytes.length) {
        wanted = end - offset
        break
      }
      take(JSON.parse(bytes.toString('utf8', offset + HEADER_LENGTH, end)) as Frame)
      offset = end
    }
    const rest = bytes.subarray(offset)
    chunks = rest.length === 0 ? [] : [rest]
    received = rest.length
  })
}
