/** Checks of the options of waits. */

import { checkOptions, describeValue, type OptionCheck, type OptionChecks, waitChecks } from '@memlane/core/internal'
import type { StreamWaitOptions } from './waiter.js'

/** What ends a wait that blocks the thread. */
export type SyncWaitOptions = Pick<StreamWaitOptions, 'timeoutMs'>

const { signal, timeoutMs } = waitChecks
const waitOptionChecks: OptionChecks<StreamWaitOptions> = { signal, timeoutMs }
const syncWaitOptionChecks: OptionChecks<SyncWaitOptions> = { timeoutMs }
const length: OptionCheck = (option, value) => {
  if (typeof value !== 'number') throw new TypeError(`${option} must be a number of bytes, not ${describeValue(value)}`)
}
const roomOptionChecks: OptionChecks<StreamWaitOptions & { length?: number }> = { signal, timeoutMs, length }
const syncRoomOptionChecks: OptionChecks<SyncWaitOptions & { length?: number }> = { timeoutMs, length }

/** @throws TypeError or RangeError for options other than a signal and a timeout */
export function checkWaitOptions(api: string, options: StreamWaitOptions | undefined): void {
  if (options !== undefined) checkOptions(api, options, waitOptionChecks)
}

/** @throws TypeError or RangeError for options other than a timeout */
export function checkSyncWaitOptions(api: string, options: SyncWaitOptions | undefined): void {
  if (options !== undefined) checkOptions(api, options, syncWaitOptionChecks)
}

/** As `checkWaitOptions`, for waits until there is room for a message of some length. */
export function checkRoomOptions(api: string, options: StreamWaitOptions & { length?: number }): void {
  checkOptions(api, options, roomOptionChecks)
}

/** As `checkSyncWaitOptions`, for waits until there is room for a message of some length. */
export function checkSyncRoomOptions(api: string, options: SyncWaitOptions & { length?: number }): void {
  checkOptions(api, options, syncRoomOptionChecks)
}
