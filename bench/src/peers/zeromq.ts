/** A pair of zeromq sockets. Each message is a buffer of its own, because the library may keep it until it is sent. */

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pair } from 'zeromq'
import { type Connection, rolesOver } from '../roles/connection.js'
import { Content, memoryOf } from '../roles/content.js'
import { startProcess } from '../roles/spoke.js'
import { outsidePeer } from './node-peer.js'

const VARIANTS = ['PAIR over ipc']

export const zeromq = outsidePeer({
  name: 'zeromq',
  summary: 'PAIR sockets of the package zeromq, over ipc://',
  variants: {
    throughput: VARIANTS,
    'fan-out': VARIANTS,
    'fan-in': VARIANTS,
    'round-trip': VARIANTS,
    'event-loop': VARIANTS,
    parked: VARIANTS,
    idle: VARIANTS,
  },
  async prepare() {
    await import('zeromq')
  },
  roles: rolesOver({
    async hub(trial) {
      const { Pair } = await import('zeromq')
      const connections = []
      for (let index = 0; index < trial.spokes; index++) {
        const socket = new Pair()
        await socket.bind(address(process.pid, index))
        connections.push(connectionOf(socket, trial.payload))
      }
      const spokes = connections.map((_, index) => startProcess(trial, index))
      return { spokes, connections }
    },
    async spoke(trial, index) {
      const { Pair } = await import('zeromq')
      const socket = new Pair()
      socket.connect(address(process.ppid, index))
      return connectionOf(socket, trial.payload)
    },
  }),
})

function address(hubProcess: number, index: number): string {
  return `ipc://${join(tmpdir(), `memlane-bench-${hubProcess}-${index}.zmq`)}`
}

function connectionOf(socket: Pair, payload: number): Connection {
  const content = new Content(payload)
  const connection: Connection = {
    onMessage: () => {},
    send(sequence) {
      const bytes = Buffer.allocUnsafeSlow(payload)
      content.write(memoryOf(bytes), 0, sequence)
      return socket.send(bytes)
    },
    flush: () => undefined,
    close: () => socket.close(),
  }
  const receive = async () => {
    for await (const [bytes] of socket) connection.onMessage(content.check(memoryOf(bytes as Buffer), 0))
  }
  void receive()
  return connection
}
