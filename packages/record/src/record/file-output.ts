import { now } from '@memlane/core/internal'
import type { FileSequence } from './file-sequence.js'
import type { Gap } from './gap.js'
import type { RecordedMessage } from './recorded-channel.js'
import type { RecordedFile } from './recorded-file.js'
import type { RecordingOutput } from './recording-output.js'

/** When to begin the next file. */
export interface RollLimits {
  readonly maxBytes: number
  readonly maxMs: number
}

/** Writes messages into one file, or into one file after the other. */
export class FileOutput implements RecordingOutput {
  readonly files: string[] = []
  readonly #sequence: FileSequence
  readonly #create: (path: string) => Promise<RecordedFile>
  readonly #limits: RollLimits
  #file: RecordedFile
  #startMs = now()
  #rolling: Promise<void> | undefined
  #failure: unknown

  private constructor(
    file: RecordedFile,
    sequence: FileSequence,
    create: (path: string) => Promise<RecordedFile>,
    limits: RollLimits,
  ) {
    this.#file = file
    this.#sequence = sequence
    this.#create = create
    this.#limits = limits
  }

  /** Creates the first file. */
  static async create(
    sequence: FileSequence,
    create: (path: string) => Promise<RecordedFile>,
    limits: RollLimits,
  ): Promise<FileOutput> {
    return new FileOutput(await create(sequence.next()), sequence, create, limits)
  }

  get isBehind(): boolean {
    return this.#file.isBehind
  }

  add(message: RecordedMessage): void {
    this.#file.add(message)
  }

  flush(gaps: readonly Gap[]): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#file.flush(gaps)
    if (this.#rolling === undefined && this.#isFull()) this.#rolling = this.#roll()
  }

  snapshot(): Promise<string> {
    return Promise.reject(new TypeError('snapshot() needs the option snapshotMs: this recording writes everything'))
  }

  async end(gaps: readonly Gap[]): Promise<void> {
    await this.#rolling
    if (this.#failure !== undefined) throw this.#failure
    this.#file.flush(gaps)
    this.files.push(await this.#file.finish())
  }

  #isFull(): boolean {
    const { maxBytes, maxMs } = this.#limits
    return this.#file.messageCount > 0 && (this.#file.length >= maxBytes || now() - this.#startMs >= maxMs)
  }

  /** Begins the next file, and finishes the last one in the background. */
  async #roll(): Promise<void> {
    try {
      const next = await this.#create(this.#sequence.next())
      const last = this.#file
      this.#file = next
      this.#startMs = now()
      this.files.push(await last.finish())
    } catch (error) {
      this.#failure = error
    } finally {
      this.#rolling = undefined
    }
  }
}
