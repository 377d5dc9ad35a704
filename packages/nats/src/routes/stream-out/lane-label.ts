import type { RouteConfigOf } from '../../config/route-config.js'
import { CONTENT_TYPE, CONTENT_TYPES, MESSAGE_ID, ORIGIN, PRODUCER, SCHEMA, TIME } from '../../message/headers.js'
import { filled, token } from '../../message/subject-map.js'

/** What all messages of one lane have in common: enough to publish them, also from the spill file. */
export interface LaneLabelFields {
  readonly subject: string
  /** The memory, as 32 hexadecimal digits. */
  readonly instance: string
  readonly lane: number
  /** The header lines, except those with the number and the time. */
  readonly headers: string
}

export class LaneLabel {
  readonly fields: LaneLabelFields

  constructor(fields: LaneLabelFields) {
    this.fields = fields
  }

  /** @throws RangeError if the subject has a place without a meaning */
  static of(
    { subject, name, encoding }: RouteConfigOf<'stream-out'>,
    origin: string,
    schema: string,
    instance: string,
    lane: number,
  ): LaneLabel {
    const headers = [
      `${ORIGIN}: ${origin}`,
      `${SCHEMA}: ${schema}`,
      `${PRODUCER}: ${instance}/${lane}`,
      `${CONTENT_TYPE}: ${CONTENT_TYPES[encoding]}`,
    ]
    const lines = headers.map((header) => `${header}\r\n`).join('')
    return new LaneLabel({ subject: filled(subject, { name: token(name), lane }), instance, lane, headers: lines })
  }

  /** The `Nats-Msg-Id` of a message. */
  idOf(sequence: number): string {
    return `${this.fields.instance}-${this.fields.lane}-${sequence}`
  }

  /** All header lines of a message, without the first line and the empty one. A header object would take ten times as long. */
  headersOf(sequence: number, time: number): string {
    return `${MESSAGE_ID}: ${this.idOf(sequence)}\r\n${TIME}: ${time}\r\n${this.fields.headers}`
  }
}
