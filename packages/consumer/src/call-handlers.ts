import type { MessageOf, MessageView, Procedure, Procedures, ReadonlyMessageView, Schema } from '@memlane/protocol'

/** What a handler learns about its call, besides the request. */
export interface CallContext<Answer extends Schema> {
  /** Aborts when the client gives up the call, dies or closes, when the deadline passes, or when the server's time to close is over. */
  readonly signal: AbortSignal
  /** When the client no longer wants the answer, on the clock of `performance.now()`; Infinity for never. */
  readonly deadline: number
  /** The process of the client, as it says. */
  readonly clientPid: number
  /**
   * Shows the answer in place, to be written there: set every field, because the view still holds old bytes. The handler's result is then ignored.
   * Not for streamed answers.
   *
   * @param length bytes; may be left out if all answers have one length
   * @returns the view, valid until the handler has ended
   * @throws RangeError for a length that no answer can have; TypeError if answers vary in length and `length` is left out
   */
  reply(length?: number): MessageView<Answer>
}

/** A handler that gets a copy of the request, and returns the answer or a promise of it. */
export type CopyHandler<Request extends Schema, Answer extends Schema> = (
  request: MessageOf<Request>,
  context: CallContext<Answer>,
) => MessageOf<Answer> | undefined | Promise<MessageOf<Answer> | undefined>

/** A handler that returns the parts of a streamed answer. It is paused while its client does not take them. */
export type StreamHandler<Request extends Schema, Part extends Schema> = (
  request: MessageOf<Request>,
  context: CallContext<Part>,
) => AsyncIterable<MessageOf<Part>> | Iterable<MessageOf<Part>>

/** What `inPlace` makes. */
export interface InPlaceHandler<Request extends Schema, Answer extends Schema> {
  /** The function that was passed to `inPlace`. */
  readonly inPlace: (
    request: ReadonlyMessageView<Request>,
    context: CallContext<Answer>,
    // biome-ignore lint/suspicious/noConfusingVoidType: a handler that replies returns nothing
  ) => MessageOf<Answer> | undefined | void
}

/**
 * Makes a handler that gets the request in place, without a copy.
 *
 * @param handler gets a read-only view, valid only until it returns. So it must not be async. It returns the answer, or writes it in place
 * with `context.reply()`
 */
export function inPlace<Request extends Schema, Answer extends Schema>(
  handler: InPlaceHandler<Request, Answer>['inPlace'],
): InPlaceHandler<Request, Answer> {
  return { inPlace: handler }
}

/** The handler of a procedure. */
export type HandlerOf<P> =
  P extends Procedure<infer Request, infer Answer, infer Streams>
    ? Streams extends true
      ? StreamHandler<Request, Answer>
      : CopyHandler<Request, Answer> | InPlaceHandler<Request, Answer>
    : never

/** One handler for each procedure. */
export type Handlers<P extends Procedures> = { readonly [K in keyof P]: HandlerOf<P[K]> }
