/** What the processes over whose memory somebody scribbles are told, and tell in their last line. */

import { Event } from '../fuzz/payloads.js'

export const CAPACITY = 65_536
export const PRODUCERS = 3
/** What a stream carries. */
export const Schema = Event

export interface Task {
  stream: string
  seed: number
  /** When to end. */
  milliseconds: number
}

export interface ScribbleResult {
  /** Messages sent, or received; scribbles. */
  done: number
  /** Errors by code. */
  errors: Record<string, number>
}
