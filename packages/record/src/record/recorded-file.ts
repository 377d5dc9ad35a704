import type { CompressChunk } from '../file/compression.js'
import { PartialFile } from '../file/partial-file.js'
import { GAP, type Gap, gapToMetadata } from './gap.js'
import type { RecordedChannel, RecordedMessage } from './recorded-channel.js'

/** One file of a recording. */
export class RecordedFile {
  readonly #file: PartialFile
  readonly #numbers = new Map<RecordedChannel, number>()

  private constructor(file: PartialFile) {
    this.#file = file
  }

  /**
   * Creates the file.
   *
   * @param facts goes into the file's first Metadata record
   * @throws as `PartialFile.create`
   */
  static async create(
    path: string,
    compress: CompressChunk,
    facts: ReadonlyMap<string, string>,
  ): Promise<RecordedFile> {
    const file = await PartialFile.create(path, compress)
    file.mcap.addMetadata('memlane.recording', facts)
    return new RecordedFile(file)
  }

  /** Bytes so far. */
  get length(): number {
    return this.#file.mcap.length
  }

  get messageCount(): number {
    return this.#file.mcap.messageCount
  }

  /** True if the disk is too slow. */
  get isBehind(): boolean {
    return this.#file.mcap.isBehind
  }

  /** @throws the error of an earlier write */
  add({ channel, ...message }: RecordedMessage): void {
    let channelId = this.#numbers.get(channel)
    if (channelId === undefined) {
      channelId = this.#file.mcap.addChannel(channel.inFile)
      this.#numbers.set(channel, channelId)
    }
    this.#file.mcap.addMessage({ channelId, ...message })
  }

  /** Hands everything over to the system, so that it survives this process. */
  flush(gaps: readonly Gap[]): void {
    this.#file.mcap.finishChunk()
    for (const gap of gaps) this.#file.mcap.addMetadata(GAP, gapToMetadata(gap))
  }

  /** Finishes the file. Returns its path. */
  finish(): Promise<string> {
    return this.#file.finish()
  }
}
