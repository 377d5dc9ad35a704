/** What the server and the page send each other. */

import type { DeadLetterPlace } from '@memlane/consumer'
import type { Finding, Inspection, Participant } from '@memlane/inspect'

/** One memory, as the list of the page shows it. */
export interface MemorySummary {
  readonly name: string
  readonly shape: Inspection['shape']
  /** Tells this memory from an earlier one of the same name. Undefined for memory that is no channel. */
  readonly instance: string | undefined
  /** The name of its schema. */
  readonly schema: string | undefined
  /** Bytes. */
  readonly length: number | undefined
  readonly producers: readonly Participant[]
  readonly consumers: readonly Participant[]
  /** Messages sent, values set or calls made; undefined at the first look, and if the memory counts nothing. */
  readonly perSecond: number | undefined
  readonly bytesPerSecond: number | undefined
  readonly lagMessages: number | undefined
  readonly lagBytes: number | undefined
  /** Milliseconds since the newest value of a latest was set, or the oldest message of a queue was sent. */
  readonly ageMs: number | undefined
  readonly findings: readonly Finding[]
}

/** A dead letter, with its value as text. */
export interface DeadLetterRow extends DeadLetterPlace {
  readonly deliveryCount: number
  readonly reason: string | undefined
  readonly pid: number
  readonly ageMs: number
  readonly text: string
}

/** A message, with its value as text. */
export interface MessageRow {
  readonly kind: 'message' | 'value' | 'request' | 'answer' | 'failure'
  /** The slot of its producer, writer or client. */
  readonly producer: number
  readonly sequence: number
  /** The key of a latest, or the procedure of a call. */
  readonly about: string | undefined
  readonly text: string
}

/** The events, by their names. */
export interface PageEvents {
  /** All memory, after each look. */
  overview: {
    /** Milliseconds since 1970. */
    readonly time: number
    readonly memories: readonly MemorySummary[]
  }
  /** The memory that the page has chosen, after each look. Undefined if there is none of that name. */
  memory: {
    readonly inspection: Inspection | undefined
    readonly deadLetters: readonly DeadLetterRow[]
  }
  /** What went through the chosen channel since the event before. */
  messages: {
    /** The first ones. */
    readonly messages: readonly MessageRow[]
    /** How many more came meanwhile, which are not shown. */
    readonly skipped: number
    /** How many were overwritten before the dashboard looked, since the page has chosen the channel. */
    readonly missed: number
    /** Why no more will come. */
    readonly end: 'closed' | 'died' | undefined
  }
  /** A look or a tail has failed. */
  problem: { readonly message: string }
}

/** What the page asks for. */
export interface DeadLetterAction {
  readonly name: string
  readonly act: 'resend' | 'discard'
  readonly letter: DeadLetterPlace
}

/** The answer to it. */
export interface DeadLetterAnswer {
  /** False if the letter no longer lies there, or for the reason in `message`. */
  readonly done: boolean
  readonly message?: string
}
