import {
  Channel,
  checkWaitStrategy,
  claimSlot,
  clientProcedures,
  type OpenChannelOptions,
  type WaitStrategy,
} from '@memlane/channel'
import type { WaitOptions } from '@memlane/core'
import { checkOptions, describeValue, type OptionChecks, openChecks, waitChecks } from '@memlane/core/internal'
import type { Api, Procedures } from '@memlane/protocol'
import { callShape } from '@memlane/protocol/internal'
import { CallClient, type Client } from './call-client.js'

/** Options of `connect`. */
export interface ConnectOptions extends Omit<OpenChannelOptions, 'access'>, WaitOptions {
  /** How the client waits for answers. Default `adaptive`. */
  waitStrategy?: WaitStrategy
}

const { trustOwner } = openChecks
const connectChecks: OptionChecks<ConnectOptions> = { waitStrategy: checkWaitStrategy, trustOwner, ...waitChecks }

/**
 * Becomes a client of the servers of a name. Waits for the memory to appear: the first server creates it.
 *
 * The servers may have more procedures than the client declares, and more fields in their answers. Requests must be the same.
 *
 * @returns a client with one method for each procedure: `client.quote(request, { signal, timeoutMs })` returns a promise of the answer, or an
 * async iterable of the parts of a streamed one
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all client places are taken,
 * `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `NOT_READY`, and as `SharedMemory.open`
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for a number out of its range
 */
export async function connect<P extends Procedures>(
  name: string,
  api: Api<P>,
  options: ConnectOptions = {},
): Promise<Client<P>> {
  checkOptions('connect', options, connectChecks)
  if (typeof api !== 'object' || api === null || !('procedures' in api)) {
    throw new TypeError(`api must be made by api(name, procedures), not ${describeValue(api)}`)
  }
  const { waitStrategy, ...openOptions } = options
  const channel = await Channel.waitFor(callShape, name, undefined, openOptions)
  try {
    const procedures = clientProcedures(channel, api)
    const { control } = channel
    // Prefers places whose clients died: their calls are cleaned up.
    const { slot } = claimSlot(channel, control.producers, { prefers: (place) => control.stateOf(place) === 'open' })
    return new CallClient<P>(channel, procedures, slot, waitStrategy) as Client<P>
  } catch (error) {
    channel.close()
    throw error
  }
}
