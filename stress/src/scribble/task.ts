/** The task of the processes of a scribble run, and the result in their last line. */

import { board, f64, struct, u32 } from '@memlane/protocol'
import { Event } from '../fuzz/payloads.js'

export const SCRIBBLED = ['stream', 'latest', 'queue', 'call'] as const
export type ScribbledShape = (typeof SCRIBBLED)[number]

/** The messages of a stream and of a queue. */
export const Schema = Event
export const Pair = struct('Pair', { count: u32, value: f64 })
/** The keys of a latest. */
export const Keys = board({ event: Schema, pair: Pair })

export interface Task {
  shape: ScribbledShape
  /** The name of the stream, latest, queue or channel of calls. */
  name: string
  seed: number
  /** When to end. */
  milliseconds: number
}

export interface ScribbleResult {
  /** Messages sent, or received; scribbles. */
  done: number
  /** Errors by code. */
  errors: Record<string, number>
  /** How long the slowest call took. */
  slowestMs: number
}
