import type { StreamWaitOptions, SyncWaitOptions } from '@memlane/channel'
import type { MessageOf, MessageView, Procedure, Procedures, ReadonlyMessageView } from '@memlane/protocol'

/**
 * What ends a call that has no answer yet. `timeoutMs` counts from the call on, and travels to the server: it does not begin a call that is
 * late, and the handler's `context.deadline` and `context.signal` tell it.
 */
export type CallWaitOptions = StreamWaitOptions

/** A procedure as a method of the client. */
export type MethodOf<P> =
  P extends Procedure<infer Request, infer Answer, infer Streams>
    ? Streams extends true
      ? (request: MessageOf<Request>, options?: CallWaitOptions) => AsyncIterableIterator<MessageOf<Answer>>
      : (request: MessageOf<Request>, options?: CallWaitOptions) => Promise<MessageOf<Answer>>
    : never

/** The methods of a client: one for each procedure. */
export type Methods<P extends Procedures> = { readonly [K in keyof P]: MethodOf<P[K]> }

/** The names of the procedures with one answer. */
export type PlainNames<P extends Procedures> = {
  [K in keyof P]: P[K] extends Procedure<infer _Request, infer _Answer, false> ? K : never
}[keyof P] &
  string

/** The request of a procedure. */
export type RequestOf<P> = P extends Procedure<infer Request, infer _Answer, boolean> ? MessageOf<Request> : never
/** The answer of a procedure; of a streamed answer, each part. */
export type AnswerOf<P> = P extends Procedure<infer _Request, infer Answer, boolean> ? MessageOf<Answer> : never

/** A procedure that is called in place: the request is written, and the answer read, where they lie in shared memory. */
export interface InPlaceCall<P> {
  /**
   * Calls the procedure, blocking this thread until it has answered.
   *
   * @param fill writes the request. Set every field: the view still holds old bytes. The view is valid only until `fill` returns
   * @param read gets the answer, valid only until `read` returns
   * @returns what `read` returned
   * @throws as `callSync`
   */
  call<Result>(
    fill: (request: P extends Procedure<infer Request, infer _Answer, false> ? MessageView<Request> : never) => void,
    read: (
      answer: P extends Procedure<infer _Request, infer Answer, false> ? ReadonlyMessageView<Answer> : never,
    ) => Result,
    options?: SyncWaitOptions,
  ): Result
}
