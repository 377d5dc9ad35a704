/** The task of the processes of a scribble run, and the result in their last line. */

import { Event } from '../fuzz/payloads.js'

export const CAPACITY = 65_536
export const PRODUCERS = 3
/** The messages of a stream. */
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
