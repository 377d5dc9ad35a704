/** The errors by which calls end. */

import type { CallChannel, ClientProcedure } from '@memlane/channel'
import type { SharedMemoryError } from '@memlane/core'
import { ANSWERED, type CallWriter, DIED, DONE, EXPIRED, kindOf, LATE, loadSlot } from '@memlane/protocol/internal'
import { decodeError, type RemoteError } from './remote-error.js'

/** @param taken tells whether a server had taken the call */
export function endError(
  channel: CallChannel,
  code: 'DIED' | 'TIMED_OUT' | 'CLOSED',
  what: string,
  taken: boolean,
): SharedMemoryError {
  const outcome = taken ? 'The procedure may have run.' : 'The procedure did not run.'
  return Object.assign(channel.error(code, `${what}. ${outcome}`), { taken })
}

export function timedOutError(
  channel: CallChannel,
  { name }: ClientProcedure,
  taken: boolean,
  timeoutMs?: number,
): SharedMemoryError {
  const time = timeoutMs === undefined ? 'in time' : `within ${timeoutMs} ms`
  const why = taken ? 'a server has taken it' : 'no server has taken it'
  return endError(channel, 'TIMED_OUT', `no answer to this call of ${name} ${time}: ${why}`, taken)
}

/** The error of a call that has ended, by its slot; undefined if its answer is there. */
export function errorIn(
  channel: CallChannel,
  writer: CallWriter,
  procedure: ClientProcedure,
  slot: number,
): SharedMemoryError | RemoteError | undefined {
  const { control } = channel
  const index = writer.indexOf(slot)
  const kind = kindOf(loadSlot(control.words, index))
  const { name } = procedure
  if (kind === DIED) {
    const server = `the server that had taken this call of ${name}, process ${control.pidOf(index)},`
    return endError(channel, 'DIED', `${server} died or closed before it had answered`, true)
  }
  if (kind !== ANSWERED) {
    return channel.error('CORRUPT', `the slot of a call of ${name} has kind ${kind} (offset ${index * 4}).`)
  }
  const status = control.statusOf(index)
  if (status === DONE) return undefined
  if (status === LATE) return timedOutError(channel, procedure, true)
  if (status === EXPIRED) {
    // A server that died may have begun an idempotent call.
    return endError(channel, 'TIMED_OUT', `no server began this call of ${name} in time`, writer.takesOf(slot) > 1)
  }
  const [offset, length] = [control.answerOf(index), control.answerLengthOf(index)]
  return decodeError(name, new Uint8Array(control.data.buffer, offset, length).slice())
}
