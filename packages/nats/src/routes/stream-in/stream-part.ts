import type { LocalStream } from './local-stream.js'
import { runsOf } from './sequence-runs.js'
import type { IntendedPart } from './stream-position.js'

/** The messages of a batch that go to one local stream. */
export class StreamPart {
  readonly #stream: LocalStream
  readonly #sequences: number[] = []
  readonly #messages: Uint8Array[] = []
  #sent = 0

  constructor(stream: LocalStream) {
    this.#stream = stream
  }

  add(sequence: number, message: Uint8Array): void {
    this.#sequences.push(sequence)
    this.#messages.push(message)
  }

  /** What the state file must know before `send`. */
  get intent(): IntendedPart {
    return { name: this.#stream.name, ...this.#stream.mark, sequences: runsOf(this.left) }
  }

  /** The messages that were not sent. */
  get left(): readonly number[] {
    return this.#sent === 0 ? this.#sequences : this.#sequences.slice(this.#sent)
  }

  /** Sends as many messages as there is room for. @returns how many */
  send(): number {
    const sent = this.#stream.writer.trySendBatch(this.#messages, this.#sent)
    this.#sent += sent
    return sent
  }

  /** Waits for room for the next message. @throws the signal's reason */
  async ready(signal: AbortSignal): Promise<void> {
    const length = this.#messages[this.#sent]?.length ?? 0
    await this.#stream.writer.ready({ length, signal })
  }
}
