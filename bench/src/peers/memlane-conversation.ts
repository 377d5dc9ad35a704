/**
 * Question and answer in place, as a program would write them: nothing stands between the streams and what a message says.
 */

import type { StreamReader } from '@memlane/consumer'
import type { StreamWriter } from '@memlane/producer'
import type { Codec } from '@memlane/protocol'
import { type Content, checkFields, writeFields } from '../roles/content.js'
import type { MessageObject } from '../roles/message-object.js'
import type { MessageView } from './memlane-messages.js'

type Message = Codec<MessageObject, MessageView>

/** The two streams, as one side has them. */
export interface Ends {
  readonly writer: StreamWriter<Message>
  readonly reader: StreamReader<Message>
  /** Polls again where nothing is there, in place of waiting. */
  readonly spins: boolean
}

/** Makes a function that asks a question and blocks until the answer is there. */
export function asker({ writer, reader, spins }: Ends, content: Content): (sequence: number) => undefined {
  const write = writerOf(content)
  const check = checkerOf(content)
  let answer = -1
  const take = (message: MessageView) => {
    answer = check(message)
  }
  let message = claim(writer)
  return (sequence) => {
    write(message, sequence)
    writer.commit()
    message = claim(writer)
    while (reader.poll(take, 1) === 0) if (!spins) waitFor(reader)
    if (answer !== sequence) throw new Error(`answer ${answer} came to question ${sequence}`)
    return undefined
  }
}

/** Makes a function that waits for a question, blocking, answers it and returns its number. */
export function answerer({ writer, reader, spins }: Ends, content: Content): () => number {
  const write = writerOf(content)
  const check = checkerOf(content)
  let question = -1
  const take = (message: MessageView) => {
    question = check(message)
  }
  let message = claim(writer)
  return () => {
    while (reader.poll(take, 1) === 0) if (!spins) waitFor(reader)
    write(message, question)
    writer.commit()
    message = claim(writer)
    return question
  }
}

function waitFor(reader: StreamReader<Message>): void {
  if (!reader.readySync()) throw new Error(`the stream has ended: ${reader.end}`)
}

function claim(writer: StreamWriter<Message>): MessageView {
  return writer.claim() ?? claimAgain(writer)
}

function claimAgain(writer: StreamWriter<Message>): MessageView {
  for (;;) {
    writer.readySync()
    const message = writer.claim()
    if (message !== undefined) return message
  }
}

function writerOf(content: Content): (message: MessageView, sequence: number) => void {
  if (content.bodyLength === 0) return writeFields
  return (message, sequence) => {
    writeFields(message, sequence)
    message.body = content.bodyOf(sequence)
  }
}

function checkerOf(content: Content): (message: MessageView) => number {
  if (content.bodyLength === 0) return checkFields
  return (message) => {
    const sequence = checkFields(message)
    content.checkBody(message.body as Uint8Array, 0, sequence)
    return sequence
  }
}
