import type { FileSequence } from './file-sequence.js'
import type { Gap } from './gap.js'
import type { RecordedMessage } from './recorded-channel.js'
import type { RecordedFile } from './recorded-file.js'
import type { RecordingOutput } from './recording-output.js'

/** Keeps the messages of the last seconds in memory, and writes them into a file when it is asked to. */
export class SnapshotOutput implements RecordingOutput {
  readonly files: string[] = []
  readonly isBehind = false
  readonly #sequence: FileSequence
  readonly #create: (path: string) => Promise<RecordedFile>
  readonly #keepNs: bigint
  /** In the order of their times. Those before `#first` are given up. */
  #messages: RecordedMessage[] = []
  #first = 0
  #gaps: Gap[] = []

  constructor(sequence: FileSequence, create: (path: string) => Promise<RecordedFile>, keepMs: number) {
    this.#sequence = sequence
    this.#create = create
    this.#keepNs = BigInt(keepMs) * 1_000_000n
  }

  add(message: RecordedMessage): void {
    this.#messages.push({ ...message, data: message.data.slice() })
  }

  /** Gives up what is too old. */
  flush(gaps: readonly Gap[]): void {
    this.#gaps.push(...gaps)
    const last = this.#messages.at(-1)?.logTime ?? this.#gaps.at(-1)?.until ?? 0n
    const oldest = last - this.#keepNs
    this.#gaps = this.#gaps.filter(({ until }) => until >= oldest)
    while (this.#first < this.#messages.length && (this.#messages[this.#first] as RecordedMessage).logTime < oldest)
      this.#first++
    // Moving the rest down costs as much as it saves, so it happens only if at least a half is gone.
    if (this.#first * 2 < this.#messages.length) return
    this.#messages = this.#messages.slice(this.#first)
    this.#first = 0
  }

  async snapshot(gaps: readonly Gap[]): Promise<string> {
    this.flush(gaps)
    const messages = this.#messages.slice(this.#first)
    const file = await this.#create(this.#sequence.next())
    for (const message of messages) file.add(message)
    file.flush(this.#gaps)
    const path = await file.finish()
    this.files.push(path)
    return path
  }

  async end(): Promise<void> {}
}
