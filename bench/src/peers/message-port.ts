/**
 * A MessagePort to a worker: two threads of one process, not two processes. A port never refuses a message, so the receiver
 * acknowledges messages, and the sender waits if too many are on their way.
 *
 *   clone     an object with the fields and the body as bytes, which is copied
 *   transfer  an ArrayBuffer with all bytes, which is handed over
 */

import { MessageChannel, type MessagePort, parentPort } from 'node:worker_threads'
import { type Connection, rolesOver } from '../roles/connection.js'
import { Content, memoryOf } from '../roles/content.js'
import { checkObject, type MessageObject, messageObject } from '../roles/message-object.js'
import { startWorker } from '../roles/spoke.js'
import { outsidePeer } from './node-peer.js'

/** Limits for messages that are on their way: their number and their bytes. */
const WINDOW_COUNT = 4096
const WINDOW_LENGTH = 16_777_216

const VARIANTS = ['clone', 'transfer']

export const messagePort = outsidePeer({
  name: 'MessagePort',
  summary: 'postMessage to a worker_threads Worker: threads of one process',
  variants: {
    throughput: VARIANTS,
    'fan-out': ['clone'],
    'fan-in': ['clone'],
    'round-trip': VARIANTS,
    'event-loop': VARIANTS,
    parked: ['clone'],
    idle: ['clone'],
  },
  roles: rolesOver({
    async hub(trial) {
      const spokes = Array.from({ length: trial.spokes }, (_, index) => startWorker(trial, index))
      const connections = spokes.map(({ worker }) => {
        const { port1, port2 } = new MessageChannel()
        worker.postMessage(port2, [port2])
        return new PortConnection(port1, trial.variant, trial.payload)
      })
      return { spokes, connections }
    },
    async spoke(trial) {
      const port = await new Promise<MessagePort>((resolve) => parentPort?.once('message', resolve))
      return new PortConnection(port, trial.variant, trial.payload)
    },
  }),
})

/** A number that is posted acknowledges that many messages. */
type PortMessage = MessageObject | Uint8Array | number

class PortConnection implements Connection {
  onMessage: Connection['onMessage'] = () => {}
  private readonly port: MessagePort
  private readonly content: Content
  private readonly transfers: boolean
  private readonly window: number
  private onItsWay = 0
  private unacknowledged = 0
  private onRoom = () => {}

  constructor(port: MessagePort, variant: string, payload: number) {
    this.port = port
    this.content = new Content(payload)
    this.transfers = variant === 'transfer'
    this.window = Math.min(WINDOW_COUNT, WINDOW_LENGTH / payload)
    port.on('message', (message: PortMessage) => this.receive(message))
  }

  send(sequence: number): Promise<void> | undefined {
    if (this.transfers) {
      const bytes = new Uint8Array(this.content.payload)
      this.content.write(memoryOf(Buffer.from(bytes.buffer)), 0, sequence)
      this.port.postMessage(bytes, [bytes.buffer])
    } else {
      this.port.postMessage(messageObject(this.content, sequence, 'bytes'))
    }
    if (++this.onItsWay < this.window) return undefined
    return new Promise((resolve) => {
      this.onRoom = resolve
    })
  }

  flush(): undefined {}

  private receive(message: PortMessage): void {
    if (typeof message === 'number') {
      this.onItsWay -= message
      this.onRoom()
      return
    }
    if (++this.unacknowledged >= this.window / 4) {
      this.port.postMessage(this.unacknowledged)
      this.unacknowledged = 0
    }
    this.onMessage(
      message instanceof Uint8Array
        ? this.content.check(memoryOf(Buffer.from(message.buffer)), 0)
        : checkObject(this.content, message),
    )
  }

  close(): void {
    this.port.close()
  }
}
