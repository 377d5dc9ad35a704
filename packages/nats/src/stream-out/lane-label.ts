import type { RouteConfigOf } from '../config/route-config.js'
import { CONTENT_TYPE, CONTENT_TYPES, MESSAGE_ID, ORIGIN, PRODUCER, SCHEMA, TIME } from '../message/headers.js'
import { filled, token } from '../message/subject-map.js'

/** What all messages of one lane have in common. */
export class LaneLabel {
  readonly subject: string
  readonly #idStart: string
  readonly #constant: string

  /** @throws RangeError if the subject has a place without a meaning */
  constructor(config: RouteConfigOf<'stream-out'>, origin: string, schema: string, instance: string, lane: number) {
    this.subject = filled(config.subject, { name: token(config.name), lane })
    this.#idStart = `${instance}-${lane}-`
    this.#constant = [
      `${ORIGIN}: ${origin}`,
      `${SCHEMA}: ${schema}`,
      `${PRODUCER}: ${instance}/${lane}`,
      `${CONTENT_TYPE}: ${CONTENT_TYPES[config.encoding]}`,
      `${TIME}: `,
    ].join('\r\n')
  }

  idOf(sequence: number): string {
    return this.#idStart + sequence
  }

  /** The header lines of a message. Made by hand: this takes a tenth of the time of a header object. */
  headersOf(id: string, time: number): string {
    return `${MESSAGE_ID}: ${id}\r\n${this.#constant}${time}\r\n`
  }
}
