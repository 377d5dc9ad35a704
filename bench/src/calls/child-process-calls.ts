/** The channel that Node itself makes between a process and its child, with advanced serialization. */

import { Content } from '../roles/content.js'
import type { MessageObject } from '../roles/message-object.js'
import type { CallPeer } from './call-peer.js'
import { callerOf, echoOf } from './echo.js'
import { PendingAnswers } from './pending-answers.js'

interface Message {
  readonly id: number
  readonly value: MessageObject
}

export const childProcessCalls: CallPeer = {
  place: 'child',

  async serve(trial) {
    const echo = echoOf(new Content(trial.payload), 'bytes')
    process.on('message', ({ id, value }: Message) => process.send?.({ id, value: echo(value) }))
    return () => process.disconnect()
  },

  async connect(trial, server) {
    const child = server?.process
    if (child === undefined) throw new Error('the server is no child of this process')
    const pending = new PendingAnswers<MessageObject>()
    child.on('message', ({ id, value }: Message) => pending.settle(id, value))
    const call = (value: MessageObject) => pending.begin((id) => child.send({ id, value }))
    return { call: callerOf(new Content(trial.payload), 'bytes', call), close: () => {} }
  },
}
