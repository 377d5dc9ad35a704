/**
 * The channel that Node itself makes between a process and its child. A message is an object with the fields. Its body is
 * bytes with `advanced`, and text with `json`, which cannot carry bytes.
 */

import type { ChildProcess, SerializationType } from 'node:child_process'
import { type Connection, rolesOver } from '../roles/connection.js'
import { Content } from '../roles/content.js'
import { checkObject, type MessageObject, messageObject } from '../roles/message-object.js'
import { startProcess } from '../roles/spoke.js'
import { outsidePeer } from './node-peer.js'

const VARIANTS: readonly SerializationType[] = ['json', 'advanced']

export const childProcess = outsidePeer({
  name: 'child_process',
  summary: "process.send and 'message' between a process and its child, by serialization",
  variants: {
    throughput: VARIANTS,
    'fan-out': VARIANTS,
    'fan-in': VARIANTS,
    'round-trip': VARIANTS,
    'event-loop': VARIANTS,
    parked: VARIANTS,
    idle: VARIANTS,
  },
  roles: rolesOver({
    async hub(trial) {
      const spokes = Array.from({ length: trial.spokes }, (_, index) =>
        startProcess(trial, index, trial.variant as SerializationType),
      )
      const connections = spokes.map((spoke) => connectionWith(spoke.process, trial.variant, trial.payload))
      return { spokes, connections }
    },
    async spoke(trial) {
      return connectionWith(process, trial.variant, trial.payload)
    },
  }),
})

type Sent = (error: Error | null) => void

function connectionWith(other: ChildProcess | NodeJS.Process, variant: string, payload: number): Connection {
  const content = new Content(payload)
  const bodyKind = variant === 'json' ? 'text' : 'bytes'
  const send = other.send?.bind(other) as ((message: MessageObject, sent: Sent) => boolean) | undefined
  if (send === undefined) throw new Error('the process has no channel to its parent')

  const connection: Connection = {
    onMessage: () => {},
    send(sequence) {
      let onSent = () => {}
      const hasRoom = send(messageObject(content, sequence, bodyKind), (error) => {
        if (error !== null) throw error
        onSent()
      })
      if (hasRoom) return undefined
      return new Promise((resolve) => {
        onSent = resolve
      })
    },
    flush: () => undefined,
    close() {
      if (other.connected) other.disconnect?.()
    },
  }
  other.on('message', (message: MessageObject) => connection.onMessage(checkObject(content, message)))
  return connection
}
