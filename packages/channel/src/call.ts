/** The parts that only a channel of calls has: its options, and its procedures. */

import { checkWholeNumber, type OptionChecks } from '@memlane/core/internal'
import type { AnyCodec, Api, CodecOf, Procedures, Schema } from '@memlane/protocol'
import {
  type ApiDescriptor,
  type CallControl,
  type CallFields,
  callShape,
  Difference,
  encodeDescriptor,
  MIN_ANSWER_LENGTH,
  partLength,
  proceduresIn,
  projectCodec,
  wrongCallField,
} from '@memlane/protocol/internal'
import { Channel, type CreateChannelOptions } from './channel.js'
import { longestFixedLength } from './fixed-length.js'
import { checkHash, schemaIn } from './schema.js'
import { projectionMismatch, schemaMismatch } from './schema-mismatch.js'

/** The dimensions of a channel of calls. */
export interface CallOptions {
  /** How many calls each client can have at a time: a power of two from 2 to 65,536. Default 64. */
  capacity?: number
  /**
   * Bytes of the longest request. The memory has room for `capacity` of them for each client. Default: the longest request of fixed
   * length, and at least 4,096 if requests vary in length.
   */
  maxRequestLength?: number
  /**
   * Bytes of the longest answer. Parts of a streamed answer travel together if they fit, each with 8 bytes more. Default: as for requests, at
   * least 224, and at least 4,096 with a streamed answer.
   */
  maxAnswerLength?: number
  /** How many clients there can be at a time, 1 to 64. Default 16. */
  maxClients?: number
  /** How many servers there can be at a time, 1 to 32. Default 8. */
  maxServers?: number
}

export type CallChannel = Channel<CallFields, CallControl>

const count = checkWholeNumber(1)
/** Checks of types. Ranges depend on each other: see wrongCallField. */
export const callChecks: OptionChecks<CallOptions> = {
  capacity: count,
  maxRequestLength: count,
  maxAnswerLength: count,
  maxClients: count,
  maxServers: count,
}

const VARIABLE_LENGTH = 4096
/**
 * Creates a channel of calls. It has no server yet.
 *
 * @throws SharedMemoryError as `SharedMemory.create`; RangeError for options that no channel of calls can have, or if a request or
 * an answer of fixed length is longer than they say
 */
export function createCallChannel(
  name: string,
  api: Api<Procedures>,
  options: CallOptions & CreateChannelOptions = {},
): CallChannel {
  const procedures = Object.values(api.procedures)
  const requestLength = longest(procedures.map(({ request }) => request))
  const answerLength = Math.max(
    longest(procedures.filter(({ streams }) => !streams).map(({ answer }) => answer)),
    longestPart(procedures.filter(({ streams }) => streams).map(({ answer }) => answer)),
    MIN_ANSWER_LENGTH,
  )
  const { capacity = 64, maxClients = 16, maxServers = 8, ...rest } = options
  const { maxRequestLength = requestLength, maxAnswerLength = answerLength, ...createOptions } = rest
  const fields = { capacity, maxRequestLength, maxAnswerLength, maxClients, maxServers }
  const wrong = wrongCallField(fields) ?? tooShort(api, fields)
  if (wrong !== undefined) throw new RangeError(wrong)
  return Channel.create(callShape, name, api, fields, createOptions)
}

/** The length of the longest message, if none may be longer than `VARIABLE_LENGTH` without an option. */
function longest(codecs: readonly AnyCodec[]): number {
  const lengths = codecs.map((codec) => codec.fixedLength ?? Math.max(VARIABLE_LENGTH, longestFixedLength(codec)))
  return Math.max(1, ...lengths)
}

function longestPart(codecs: readonly AnyCodec[]): number {
  return codecs.length === 0 ? 0 : Math.max(VARIABLE_LENGTH, partLength(longest(codecs)))
}

function tooShort(api: Api<Procedures>, { maxRequestLength, maxAnswerLength }: CallFields): string | undefined {
  for (const [name, { request, answer, streams }] of Object.entries(api.procedures)) {
    const requestLength = longestFixedLength(request)
    if (requestLength > maxRequestLength) {
      return `requests of ${name} have ${requestLength} bytes, and maxRequestLength is ${maxRequestLength}`
    }
    const answerLength = streams ? partLength(longestFixedLength(answer)) : longestFixedLength(answer)
    if (answerLength > maxAnswerLength) {
      return `answers of ${name} need ${answerLength} bytes, and maxAnswerLength is ${maxAnswerLength}`
    }
  }
  return undefined
}

/** A procedure as a client calls it. */
export interface ClientProcedure {
  readonly name: string
  /** Its number in the memory's API. */
  readonly number: number
  readonly request: CodecOf<AnyCodec>
  /** The answer, or each part of a streamed answer, as this client reads it. */
  readonly answer: CodecOf<AnyCodec>
  readonly streams: boolean
}

/**
 * Returns the procedures of an API as a client calls them. The memory may have more procedures, in another order, and its answers more
 * fields. Requests must be the same.
 *
 * @throws SharedMemoryError `SCHEMA_MISMATCH` if the memory lacks a procedure or a field of an answer, or has another type for it, or
 * has other requests; `CORRUPT` if the API in the memory cannot be right
 */
export function clientProcedures(channel: CallChannel, api: Api<Procedures>): ReadonlyMap<string, ClientProcedure> {
  const there = apiIn(channel)
  const refuse = (mismatch: string) => {
    const remedy =
      'A client needs each procedure that it declares, with the same requests, and with each field of the answers. Declare only those ' +
      'that the memory has, or update its servers first: close all of its servers and clients, and serve again.'
    return channel.error('SCHEMA_MISMATCH', `it has another API: ${mismatch}\n${remedy}`)
  }
  const refuseDifference = (difference: Difference) => refuse(projectionMismatch(difference, there, api.descriptor))
  const procedures = Object.entries(api.procedures).map(([name, { request, answer, streams }]) => {
    const number = there.procedures.findIndex((each) => each.name === name)
    const found = there.procedures[number]
    if (found === undefined) throw refuseDifference(new Difference(undefined, request.descriptor).within(name))
    if (found.streams !== streams) {
      const kindOf = (streams: boolean) => (streams ? 'streamed' : 'not streamed')
      throw refuse(
        `the answer of ${name} is ${kindOf(found.streams)} in the memory, and ${kindOf(streams)} in this process.`,
      )
    }
    const [theirs, ours] = [textOf(found.request), textOf(request.descriptor)]
    if (theirs !== ours) throw refuse(`in the request of ${name}, ${schemaMismatch(theirs, ours)}`)
    const projected = projectCodec(found.answer, answer)
    if (projected instanceof Difference) throw refuseDifference(projected.within('answer').within(name))
    return [name, { name, number, request, answer: projected as CodecOf<Schema>, streams }] as const
  })
  return new Map(procedures)
}

/**
 * Tells for each procedure of the memory's API whether another server may process a request of a server that died.
 *
 * @throws SharedMemoryError `CORRUPT`
 */
export function idempotentProcedures(channel: CallChannel): (procedure: number) => boolean {
  const { procedures } = apiIn(channel)
  return (procedure) => procedures[procedure]?.idempotent === true
}

function apiIn(channel: CallChannel): ApiDescriptor {
  const { shape, memory, header } = channel
  const found = schemaIn(memory, header)
  checkHash(shape, memory, header, found)
  try {
    return proceduresIn(found, header.schemaOffset)
  } catch (error) {
    throw channel.explain(error)
  }
}

const decoder = new TextDecoder()

const textOf = (descriptor: Parameters<typeof encodeDescriptor>[0]) => decoder.decode(encodeDescriptor(descriptor))
