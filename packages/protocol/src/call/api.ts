import type { CodecOf, PayloadDescriptor, ProcedureDescriptor, Schema, SchemaDescriptor } from '../codec/codec.js'
import { codecOf } from '../codec/codec-of.js'
import { isMemberName } from '../codec/members.js'
import { checkCount } from '../layout/count.js'
import { MAX_PROCEDURES } from './procedures-in.js'

/** How a procedure answers: with one value, or with a stream of parts. */
export interface Streamed<Part extends Schema> {
  readonly part: Part
}

/** One procedure of an API: what a request is, and what an answer is. */
export interface Procedure<Request extends Schema, Answer extends Schema, Streams extends boolean> {
  readonly request: CodecOf<Request>
  /** What the answer is; of a streamed answer, what each part is. */
  readonly answer: CodecOf<Answer>
  readonly streams: Streams
  readonly idempotent: boolean
}

/** Procedures by name, in their order. */
// biome-ignore lint/suspicious/noExplicitAny: the codecs of any schemas
export type Procedures = Readonly<Record<string, Procedure<any, any, boolean>>>

/** The contract that the servers and the clients of a channel of calls share. */
export interface Api<P extends Procedures> {
  readonly name: string
  readonly procedures: P
  readonly descriptor: SchemaDescriptor & { readonly kind: 'api' }
}

/** Options of `call`. */
export interface ProcedureOptions {
  /**
   * True if a request may be processed twice without harm. If a server dies while it has such a call, another server gets it.
   * Default false: then the client gets an error `DIED`.
   */
  idempotent?: boolean
}

/** The names that a client has besides its procedures. */
const RESERVED = new Set([
  ...['callSync', 'close', 'closed', 'constructor', 'inPlace', 'name', 'ref', 'servers', 'then', 'toJSON', 'unref'],
  'waitForServer',
])

/**
 * Declares a contract: the procedures that servers offer under one name. Servers and clients share it.
 *
 * ```ts
 * const Pricing = api('Pricing', { quote: call(Request, Quote), trades: call(Request, stream(Trade)) })
 * ```
 *
 * @param name for error messages and tools
 * @throws TypeError for a procedure that `call` did not make, for a name that is empty, `__proto__` or only digits, and for one that
 * every client has, such as `close`; RangeError without procedures
 */
export function api<const P extends Procedures>(name: string, procedures: P): Api<P> {
  if (typeof name !== 'string') throw new TypeError('the name of an api must be text')
  const described = Object.entries(procedures).map(([each, procedure]) => describe(each, procedure))
  checkCount('number of procedures', described.length)
  if (described.length > MAX_PROCEDURES) throw new RangeError(`an api has at most ${MAX_PROCEDURES} procedures`)
  return { name, procedures, descriptor: { kind: 'api', name, procedures: described } }
}

/**
 * Declares a procedure.
 *
 * @param request what a request is: a layout (struct) or a codec
 * @param answer what the answer is; or `stream(part)` for any number of parts, one after the other
 * @throws TypeError for anything else, for unknown options, and for a streamed answer that is idempotent: a client may have got parts
 */
export function call<Request extends Schema, Part extends Schema>(
  request: Request,
  answer: Streamed<Part>,
): Procedure<Request, Part, true>
export function call<Request extends Schema, Answer extends Schema>(
  request: Request,
  answer: Answer,
  options?: ProcedureOptions,
): Procedure<Request, Answer, false>
export function call(
  request: Schema,
  answer: Schema | Streamed<Schema>,
  options: ProcedureOptions = {},
): Procedure<Schema, Schema, boolean> {
  for (const option of Object.keys(options)) {
    if (option !== 'idempotent') throw new TypeError(`call has no option "${option}". Its only option is idempotent`)
  }
  const { idempotent = false } = options
  if (typeof idempotent !== 'boolean') throw new TypeError('idempotent must be true or false')
  const streams = typeof answer === 'object' && answer !== null && 'part' in answer
  if (streams && idempotent) {
    throw new TypeError(
      'a procedure with a streamed answer cannot be idempotent: its client may have got parts already',
    )
  }
  return { request: codecOf(request), answer: codecOf(streams ? answer.part : answer), streams, idempotent }
}

/** Declares a streamed answer. See `call`. */
export function stream<Part extends Schema>(part: Part): Streamed<Part> {
  return { part }
}

function describe(name: string, procedure: Procedure<Schema, Schema, boolean>): ProcedureDescriptor {
  if (!isMemberName(name) || RESERVED.has(name)) {
    throw new TypeError(`${JSON.stringify(name)} cannot be the name of a procedure`)
  }
  if (typeof procedure !== 'object' || procedure === null || !('streams' in procedure)) {
    throw new TypeError(`procedure ${name} must be made by call(request, answer)`)
  }
  const { request, answer, streams, idempotent } = procedure
  return { name, request: payloadOf(request), answer: payloadOf(answer), streams, idempotent }
}

function payloadOf({ descriptor }: { readonly descriptor: PayloadDescriptor }): PayloadDescriptor {
  return descriptor
}
