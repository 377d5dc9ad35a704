/** How the requests and the answers of calls are written into their slots, and read. */

import type { AnyCodec, CodecOf } from '@memlane/protocol'
import type { CallControl } from '@memlane/protocol/internal'

interface WithRequest {
  readonly name: string
  readonly request: CodecOf<AnyCodec>
}

interface WithAnswer {
  readonly name: string
  readonly answer: CodecOf<AnyCodec>
}

/**
 * Writes a request into its slot.
 *
 * @returns its length
 * @throws TypeError, RangeError for a value that does not fit
 */
export function encodeRequest(control: CallControl, procedure: WithRequest, index: number, value: unknown): number {
  const { maxRequestLength } = control.header
  const checkLength = (length: number) => {
    if (length <= maxRequestLength) return
    throw new RangeError(
      `a request of ${procedure.name} has ${length} bytes, and maxRequestLength is ${maxRequestLength}. Serve with a larger ` +
        'maxRequestLength.',
    )
  }
  return encode(procedure.request, control.data, control.requestOf(index), value, checkLength)
}

/** @throws LayoutError `CORRUPT`, `TOO_SHORT` */
export function decodeRequest(control: CallControl, { request }: WithRequest, index: number): unknown {
  return request.decode(control.data, control.requestOf(index), control.requestLengthOf(index))
}

/** Writes an answer into its slot, as `encodeRequest`. */
export function encodeAnswer(control: CallControl, procedure: WithAnswer, index: number, value: unknown): number {
  const { maxAnswerLength } = control.header
  const checkLength = (length: number) => {
    if (length <= maxAnswerLength) return
    throw new RangeError(
      `an answer of ${procedure.name} has ${length} bytes, and maxAnswerLength is ${maxAnswerLength}. Serve with a larger ` +
        'maxAnswerLength, or stream the answer.',
    )
  }
  return encode(procedure.answer, control.data, control.answerOf(index), value, checkLength)
}

/** @throws LayoutError `CORRUPT`, `TOO_SHORT` */
export function decodeAnswer(control: CallControl, { answer }: WithAnswer, index: number): unknown {
  return answer.decode(control.data, control.answerOf(index), control.answerLengthOf(index))
}

function encode(
  codec: CodecOf<AnyCodec>,
  data: DataView,
  offset: number,
  value: unknown,
  checkLength: (length: number) => void,
): number {
  if (codec.checkAndPut !== undefined) {
    codec.checkAndPut(data, offset, value)
    return codec.fixedLength as number
  }
  checkLength(codec.measure(value))
  return codec.encode(data, offset, value)
}
