/**
 * Calls of memlane. A way is how the client calls, and the wait strategy of both sides:
 *
 *   in place   both sides read and write where the messages lie, and block the thread
 *   callSync   plain objects, and the client blocks its thread
 *   await      plain objects, and the client awaits each call
 */

import { api, call, connect, inPlace, serve, stream, type WaitStrategy } from 'memlane'
import { checkerOf, type MessageView, structOf, writerOf } from '../peers/memlane-messages.js'
import { Content } from '../roles/content.js'
import { checkObject, messageObject } from '../roles/message-object.js'
import type { CallPeer } from './call-peer.js'
import type { CallTrial } from './call-trial.js'
import { callerOf, checkNumber, echoOf } from './echo.js'

const waitStrategyOf = ({ way }: CallTrial) => way.split(', ')[1] as WaitStrategy

const echoApi = (content: Content) => api('Echo', { echo: call(structOf(content), structOf(content)) })
const partsApi = (content: Content) => api('Parts', { parts: call(structOf(content), stream(structOf(content))) })

export const memlaneCalls: CallPeer = {
  place: 'process',

  async serve(trial) {
    const content = new Content(trial.payload)
    const waitStrategy = waitStrategyOf(trial)
    const options = { waitStrategy, maxClients: trial.clients }
    const [write, check] = [writerOf(content), checkerOf(content)]
    const server =
      trial.work === 'parts'
        ? serve(
            trial.name,
            partsApi(content),
            {
              *parts(request) {
                for (let sequence = checkObject(content, request); ; sequence++) {
                  yield messageObject(content, sequence, 'bytes')
                }
              },
            },
            options,
          )
        : serve(
            trial.name,
            echoApi(content),
            {
              echo: trial.way.startsWith('in place')
                ? inPlace((request, context) => write(context.reply(), check(request)))
                : echoOf(content, 'bytes'),
            },
            options,
          )
    return () => server.close({ timeoutMs: 0 })
  },

  async connect(trial) {
    const content = new Content(trial.payload)
    const options = { waitStrategy: waitStrategyOf(trial) }
    if (trial.work === 'parts') {
      const client = await connect(trial.name, partsApi(content), options)
      return {
        call: () => Promise.reject(new Error('there are only parts')),
        parts: () => client.parts(messageObject(content, 0, 'bytes')),
        close: () => client.close(),
      }
    }
    const client = await connect(trial.name, echoApi(content), options)
    const close = () => client.close()
    if (trial.way.startsWith('await')) {
      return { call: callerOf(content, 'bytes', (request) => client.echo(request)), close }
    }
    if (trial.way.startsWith('callSync')) {
      return {
        call(sequence) {
          const answer = client.callSync('echo', messageObject(content, sequence, 'bytes'))
          checkNumber(checkObject(content, answer), sequence)
          return undefined
        },
        close,
      }
    }
    const [write, check] = [writerOf(content), checkerOf(content)]
    const echo = client.inPlace('echo')
    let current = 0
    const fill = (request: MessageView) => write(request, current)
    return {
      call(sequence) {
        current = sequence
        checkNumber(echo.call(fill, check), sequence)
        return undefined
      },
      close,
    }
  },
}
