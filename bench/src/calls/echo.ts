import type { Content } from '../roles/content.js'
import { checkObject, type MessageObject, messageObject } from '../roles/message-object.js'

/** How a peer carries the body of a message: as bytes, or as text if it cannot carry bytes. */
type BodyKind = 'text' | 'bytes'

/** The function that all peers call, with plain objects: checks a request, and makes the answer, a message with the same number. */
export function echoOf(content: Content, bodyKind: BodyKind): (request: MessageObject) => MessageObject {
  return (request) => messageObject(content, checkObject(content, request), bodyKind)
}

/** Makes call number `sequence` by `send`, and checks the answer. */
export function callerOf(
  content: Content,
  bodyKind: BodyKind,
  send: (request: MessageObject) => PromiseLike<MessageObject>,
): (sequence: number) => Promise<void> {
  return async (sequence) => {
    checkNumber(checkObject(content, await send(messageObject(content, sequence, bodyKind))), sequence)
  }
}

/** @throws Error for the answer to another call */
export function checkNumber(answered: number, sequence: number): void {
  if (answered !== sequence) throw new Error(`answer ${answered} came to call ${sequence}`)
}
