/**
 * A unix domain socket of Node's `net`.
 *
 *   frames  the payload's length as u32, then the payload. Frames are collected into bursts, each written at once. At most a few
 *           bursts are on their way at a time
 *   JSON    a line of JSON per message, each written at once: the usual program. Only for conversations
 */

import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Connection, rolesOver } from '../roles/connection.js'
import { Content, type Memory, memoryOf } from '../roles/content.js'
import { checkObject, type MessageObject, messageObject } from '../roles/message-object.js'
import { startProcess } from '../roles/spoke.js'
import type { Trial } from '../trial.js'
import { outsidePeer } from './node-peer.js'

const HEADER_LENGTH = 4
const BURST_LENGTH = 65_536
const BURST_COUNT = 4

export const unixSocket = outsidePeer({
  name: 'unix socket',
  summary: 'a unix domain socket (node:net), frames in bursts, waiting for room; or JSON lines',
  variants: {
    throughput: ['frames'],
    'fan-out': ['frames'],
    'fan-in': ['frames'],
    'round-trip': ['frames'],
    'event-loop': ['frames', 'JSON'],
    parked: ['frames'],
    contended: ['frames'],
    idle: ['frames'],
  },
  roles: rolesOver({
    async hub(trial) {
      const path = socketPath(process.pid)
      rmSync(path, { force: true })
      const server = createServer()
      await once(server.listen(path), 'listening')
      const connections: Connection[] = []
      const connected = new Promise<void>((resolve) => {
        server.on('connection', (socket) => {
          connections.push(connectionOver(socket, trial))
          if (connections.length === trial.spokes) resolve()
        })
      })
      const spokes = Array.from({ length: trial.spokes }, (_, index) => startProcess(trial, index))
      await connected
      return { spokes, connections, close: () => server.close() }
    },
    async spoke(trial) {
      const socket = connect(socketPath(process.ppid))
      await once(socket, 'connect')
      return connectionOver(socket, trial)
    },
  }),
})

function socketPath(hubProcess: number): string {
  return join(tmpdir(), `memlane-bench-${hubProcess}.sock`)
}

function connectionOver(socket: Socket, { variant, payload }: Trial): Connection {
  return variant === 'JSON' ? jsonConnection(socket, payload) : new SocketConnection(socket, payload)
}

function jsonConnection(socket: Socket, payload: number): Connection {
  const content = new Content(payload)
  const connection: Connection = {
    onMessage: () => {},
    send(sequence) {
      socket.write(`${JSON.stringify(messageObject(content, sequence, 'text'))}\n`)
      return undefined
    },
    flush: () => undefined,
    close: () => socket.destroy(),
  }
  socket.setNoDelay(true)
  createInterface({ input: socket }).on('line', (line) =>
    connection.onMessage(checkObject(content, JSON.parse(line) as MessageObject)),
  )
  return connection
}

class SocketConnection implements Connection {
  onMessage: Connection['onMessage'] = () => {}
  private readonly socket: Socket
  private readonly content: Content
  private readonly frameLength: number
  private readonly free: Memory[]
  private burst: Memory
  private burstLength = 0
  private onRoom = () => {}
  /** The first bytes of a frame whose rest has not arrived. */
  private readonly partial: Memory
  private partialLength = 0

  constructor(socket: Socket, payload: number) {
    this.socket = socket
    this.content = new Content(payload)
    this.frameLength = HEADER_LENGTH + payload
    this.partial = memoryOf(Buffer.alloc(this.frameLength))
    const length = Math.max(BURST_LENGTH, this.frameLength)
    this.free = Array.from({ length: BURST_COUNT - 1 }, () => memoryOf(Buffer.alloc(length)))
    this.burst = memoryOf(Buffer.alloc(length))
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.receive(chunk))
  }

  send(sequence: number): Promise<void> | undefined {
    const { burst, burstLength } = this
    burst.data.setUint32(burstLength, this.content.payload, true)
    this.content.write(burst, burstLength + HEADER_LENGTH, sequence)
    this.burstLength += this.frameLength
    return this.burstLength + this.frameLength > burst.bytes.length ? this.flush() : undefined
  }

  flush(): Promise<void> | undefined {
    if (this.burstLength === 0) return undefined
    const sent = this.burst
    this.socket.write(sent.bytes.subarray(0, this.burstLength), () => {
      this.free.push(sent)
      this.onRoom()
    })
    this.burstLength = 0
    if (this.takeBurst()) return undefined
    return new Promise((resolve) => {
      this.onRoom = () => {
        this.onRoom = () => {}
        this.takeBurst()
        resolve()
      }
    })
  }

  private takeBurst(): boolean {
    const burst = this.free.pop()
    if (burst !== undefined) this.burst = burst
    return burst !== undefined
  }

  private receive(chunk: Buffer): void {
    const { frameLength, partial } = this
    let offset = 0
    if (this.partialLength > 0) {
      offset = chunk.copy(partial.bytes, this.partialLength, 0, frameLength - this.partialLength)
      this.partialLength += offset
      if (this.partialLength < frameLength) return
      this.partialLength = 0
      this.take(partial, 0)
    }
    const memory = memoryOf(chunk)
    for (; offset + frameLength <= chunk.length; offset += frameLength) this.take(memory, offset)
    this.partialLength = chunk.copy(partial.bytes, 0, offset)
  }

  private take(memory: Memory, offset: number): void {
    const length = memory.data.getUint32(offset, true)
    if (length !== this.content.payload) throw new Error(`a frame of ${length} bytes came`)
    this.onMessage(this.content.check(memory, offset + HEADER_LENGTH))
  }

  close(): void {
    this.socket.destroy()
  }
}
