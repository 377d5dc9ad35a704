import {
  checkBoolean,
  checkOneOf,
  checkWholeNumber,
  describeValue,
  type OptionCheck,
  type OptionChecks,
} from '@memlane/core/internal'
import type { ExistingTarget } from './replay-target.js'

/** Options of `replay`. */
export interface ReplayOptions {
  /** How many times as fast as recorded. Default 1. `unlimited`: as fast as there is room. */
  rate?: number | 'unlimited'
  /** Where to begin: milliseconds since the first message of the recording, or a time. Default: its first message. */
  start?: number | Date
  /** Where to end, as `start`. Default: its last message. */
  end?: number | Date
  /** Begins again at the end, until `stop()` is called. Default false. */
  loop?: boolean
  /** Does not begin before `resume()` or `step()` is called. Default false. */
  paused?: boolean
  /** The memories to replay: names, or patterns with `*` and `?`. Default: all. */
  names?: string | readonly string[]
  /** Other names for memories: `{ recorded: 'new' }`. */
  rename?: Readonly<Record<string, string>>
  /** Waits until each stream and queue has so many consumers before it sends anything. Default 0. */
  consumers?: number
  /**
   * What to do if memory of that name exists already. `take-over` (default): continue in it if none of its producers lives. `join`: become
   * one more producer of the stream or queue. `refuse`: throw `ALREADY_EXISTS`.
   */
  existing?: ExistingTarget
}

const checkRate: OptionCheck = (option, value) => {
  if (value === 'unlimited' || (typeof value === 'number' && value > 0 && value < Infinity)) return
  throw new TypeError(`${option} must be a number above 0 or "unlimited", not ${describeValue(value)}`)
}
const checkTime: OptionCheck = (option, value) => {
  const isTime = value instanceof Date ? !Number.isNaN(value.getTime()) : typeof value === 'number' && value >= 0
  if (!isTime) throw new TypeError(`${option} must be milliseconds from 0 on, or a Date, not ${describeValue(value)}`)
}
/** Checks of the options of `replay`. */
export const replayChecks: OptionChecks<ReplayOptions> = {
  rate: checkRate,
  start: checkTime,
  end: checkTime,
  loop: checkBoolean,
  paused: checkBoolean,
  names: () => {},
  rename: () => {},
  consumers: checkWholeNumber(0, 32),
  existing: checkOneOf('take-over', 'join', 'refuse'),
}
