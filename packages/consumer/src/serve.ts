import {
  type CallChannel,
  type CallOptions,
  Channel,
  type CreateChannelOptions,
  callChecks,
  checkSameOptions,
  checkWaitStrategy,
  createCallChannel,
  createOrContinue,
  type OpenChannelOptions,
  type WaitStrategy,
} from '@memlane/channel'
import {
  checkOptions,
  checkWholeNumber,
  createChecks,
  describeValue,
  type OptionChecks,
  openChecks,
} from '@memlane/core/internal'
import type { Api, Procedures } from '@memlane/protocol'
import { callShape } from '@memlane/protocol/internal'
import type { Handlers } from './call-handlers.js'
import { CallServer } from './call-server.js'
import type { ServedProcedure } from './running-call.js'

/** Options of `serve`. */
export interface ServeOptions extends CallOptions, CreateChannelOptions, Pick<OpenChannelOptions, 'trustOwner'> {
  /** How many handlers may run at a time in this server. Default: no limit. */
  concurrency?: number
  /** How the server waits for calls. Default `adaptive`. */
  waitStrategy?: WaitStrategy
}

const { mode, securityDescriptor, persistent } = createChecks
const { trustOwner } = openChecks
const serveChecks: OptionChecks<ServeOptions> = {
  ...callChecks,
  mode,
  securityDescriptor,
  persistent,
  trustOwner,
  concurrency: checkWholeNumber(1),
  waitStrategy: checkWaitStrategy,
}

/**
 * Becomes a server of a name: creates the memory, or joins the servers that have it. Several servers of a name share the calls. The memory lives
 * until its last server and its last client have closed or died. Clients open it by `connect`.
 *
 * Existing memory keeps the options with which it was created. An option that asks for another value throws `OPTIONS_MISMATCH`. `mode`,
 * `securityDescriptor` and `persistent` are used only if this call creates the memory.
 *
 * @param api the contract. All servers of a name need the same
 * @param handlers one function for each procedure, in an object or an instance of a class: gets a copy of the request and a context, and returns the answer or a promise of it; for a
 * streamed answer, an iterable or async iterable of parts. `inPlace(handler)` gets the request without a copy
 * @throws SharedMemoryError `FULL` if all server places are taken; `OPTIONS_MISMATCH`; `SCHEMA_MISMATCH` if the memory has another API; as
 * `SharedMemory.create`; and as `SharedMemory.open`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT` if the name is taken
 * @throws TypeError for a missing handler, an unknown option or one of the wrong type; RangeError for a number out of its range
 */
export function serve<P extends Procedures>(
  name: string,
  api: Api<P>,
  handlers: Handlers<P>,
  options: ServeOptions = {},
): CallServer {
  checkOptions('serve', options, serveChecks)
  const procedures = servedProcedures(api, handlers as Readonly<Record<string, unknown>>)
  const { concurrency = Infinity, waitStrategy, trustOwner: owner, ...createOptions } = options
  const start = (channel: CallChannel): CallServer => {
    try {
      return new CallServer(channel, procedures, concurrency, waitStrategy)
    } catch (error) {
      channel.close()
      throw error
    }
  }
  return createOrContinue(
    callShape,
    name,
    { refuses: false, others: 'servers' },
    () => start(createCallChannel(name, api, createOptions)),
    () => {
      const channel = Channel.open(callShape, name, api, owner === undefined ? {} : { trustOwner: owner })
      try {
        checkSameOptions(channel, options, callChecks, 'close all of its servers and clients and serve again')
      } catch (error) {
        channel.close()
        throw error
      }
      return start(channel)
    },
  )
}

/** @throws TypeError for a procedure without a handler, and for a handler without a procedure */
function servedProcedures(api: Api<Procedures>, handlers: Readonly<Record<string, unknown>>): ServedProcedure[] {
  if (typeof api !== 'object' || api === null || !('procedures' in api)) {
    throw new TypeError(`api must be made by api(name, procedures), not ${describeValue(api)}`)
  }
  if (typeof handlers !== 'object' || handlers === null) {
    throw new TypeError(`handlers must be an object of functions, not ${describeValue(handlers)}`)
  }
  for (const [name, value] of Object.entries(handlers)) {
    const isKnown = Object.hasOwn(api.procedures, name) || typeof value !== 'function' // an object may have a state, too
    if (!isKnown) throw new TypeError(`api ${api.name} has no procedure ${name}`)
  }
  return Object.entries(api.procedures).map(([name, procedure]) => {
    const ofAllObjects: unknown = Reflect.get(Object.prototype, name) // such as toString
    const handler = handlers[name] === ofAllObjects ? undefined : handlers[name]
    const inPlace =
      typeof handler === 'object' && handler !== null && 'inPlace' in handler ? handler.inPlace : undefined
    const run = inPlace ?? handler
    if (typeof run !== 'function') {
      throw new TypeError(
        `the handler of ${name} must be a function or inPlace(function), not ${describeValue(handler)}`,
      )
    }
    if (inPlace !== undefined && procedure.streams) {
      throw new TypeError(
        `the handler of ${name} cannot be in place: its answer is streamed, and the request is valid only at its start`,
      )
    }
    return { name, ...procedure, handler: run.bind(handlers), isInPlace: inPlace !== undefined }
  })
}
