import { type Content, checkFields, type Fields, writeFields } from './content.js'

/** A message as a plain object, for peers that carry JavaScript values. */
export interface MessageObject extends Fields {
  body?: Uint8Array | string | undefined
}

export function messageObject(content: Content, sequence: number, bodyKind: 'text' | 'bytes'): MessageObject {
  const message: MessageObject = { sequence: 0, complement: 0, first: 0, second: 0, third: 0, fourth: 0 }
  writeFields(message, sequence)
  if (content.bodyLength === 0) return message
  if (bodyKind === 'text') {
    message.body = content.bodyText(sequence)
  } else {
    message.body = new Uint8Array(content.bodyLength)
    content.writeBody(message.body, 0, sequence)
  }
  return message
}

/**
 * @returns the message's number
 * @throws Error if anything in the message is wrong
 */
export function checkObject(content: Content, message: MessageObject): number {
  const sequence = checkFields(message)
  const { body } = message
  if (typeof body === 'string') content.checkBodyText(body, sequence)
  else if (body !== undefined) content.checkBody(body, 0, sequence)
  else if (content.bodyLength !== 0) throw new Error(`message ${sequence} has no body`)
  return sequence
}
