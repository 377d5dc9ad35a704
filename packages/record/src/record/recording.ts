import { SharedMemoryError } from '@memlane/core'
import { clearTimeout, dispose, now, pause, setTimeout } from '@memlane/core/internal'
import type { TailMessage } from '@memlane/inspect'
import { GapLog } from './gap.js'
import type { MemorySource } from './memory-source.js'
import type { RecordedChannel } from './recorded-channel.js'
import { nanoseconds, type RecordingClock } from './recording-clock.js'
import type { RecordingOutput } from './recording-output.js'
import type { SourceSet } from './source-set.js'

/** After so many milliseconds, what was recorded is handed to the system. A recorder that is killed loses at most as much. */
const FLUSH_MS = 500
/** How often the recorder looks for new memory, in milliseconds. */
const SCAN_MS = 250
/** Messages of one memory that get the same time. */
const LIMIT = 1024
/** After so many milliseconds of reading one memory, the other memories and the event loop have their turn. */
const TURN_MS = 20
/** For so many milliseconds at most, `stop` reads on in memory whose producers do not pause. */
const LAST_READ_MS = 10_000

/** What a recording has done so far. */
export interface RecordingFigures {
  /** Messages in the files; in snapshot mode, messages that are kept in memory or were written. */
  readonly messages: number
  /** Messages that went by without being recorded. */
  readonly missed: number
  /** The memories that are recorded at this moment. */
  readonly names: readonly string[]
  /** The finished files, in their order. */
  readonly files: readonly string[]
}

/** A running recording. Make one with `record`. */
export class Recording implements Disposable {
  /** Resolves when the recording has stopped and its last file is finished. Rejects if it could not be written. */
  readonly finished: Promise<RecordingFigures>
  readonly #sources: SourceSet
  readonly #output: RecordingOutput
  readonly #clock: RecordingClock
  readonly #intervalMs: number
  readonly #gaps = new GapLog()
  #resolve: (figures: RecordingFigures) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #messages = 0
  #time = 0n
  #flushAt = 0
  #scanAt = 0
  #timer: NodeJS.Timeout | undefined
  #isStopping = false

  constructor(sources: SourceSet, output: RecordingOutput, clock: RecordingClock, intervalMs: number) {
    this.#sources = sources
    this.#output = output
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.finished.catch(() => {}) // the caller may only look at `stop`
    this.#look()
  }

  /** What was recorded so far. */
  get figures(): RecordingFigures {
    return {
      messages: this.#messages,
      missed: this.#gaps.total,
      names: this.#sources.names,
      files: [...this.#output.files],
    }
  }

  /**
   * Reads what is there, finishes the last file, and ends the recording. A second call does nothing else.
   *
   * @throws the error of the system if the file could not be written
   */
  stop(): Promise<RecordingFigures> {
    if (!this.#isStopping) {
      this.#isStopping = true
      clearTimeout(this.#timer)
      void this.#end()
    }
    return this.finished
  }

  /**
   * Writes the messages that are kept in memory into a file of their own, in snapshot mode.
   *
   * @returns the path of the file
   * @throws TypeError without the option `snapshotMs`; SharedMemoryError `FILE_EXISTS`; the error of the system
   */
  async snapshot(): Promise<string> {
    this.#read()
    return this.#output.snapshot(this.#gaps.take())
  }

  /** Stops, for `using`. Await `stop()` instead to know that the file is finished. */
  [dispose](): void {
    void this.stop()
  }

  #look(): void {
    const timeMs = now()
    try {
      if (timeMs >= this.#scanAt) {
        this.#scanAt = timeMs + SCAN_MS
        this.#sources.scan()
      }
      if (!this.#output.isBehind) this.#read()
      if (timeMs >= this.#flushAt) {
        this.#flushAt = timeMs + FLUSH_MS
        this.#output.flush(this.#gaps.take())
      }
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#timer = setTimeout(() => this.#look(), this.#intervalMs)
  }

  /** Reads what has come. Returns true if there is probably more. */
  #read(): boolean {
    let hasMore = false
    for (const source of this.#sources.open) {
      const handle = (message: TailMessage) => this.#take(source, message)
      const end = now() + TURN_MS
      let count = this.#poll(source, handle)
      while (count === LIMIT && now() < end) count = this.#poll(source, handle)
      hasMore ||= count === LIMIT
      this.#sources.letGo(source)
    }
    return hasMore
  }

  #poll({ tail }: MemorySource, handle: (message: TailMessage) => void): number {
    this.#time = this.#clock.now()
    try {
      return tail.poll(handle, LIMIT)
    } catch (error) {
      if (!(error instanceof SharedMemoryError && error.code === 'CORRUPT')) throw error
      // The next poll skips the bytes. The tail counts what it skips as missed.
      return 0
    }
  }

  #take(source: MemorySource, message: TailMessage): void {
    const taken = source.take(message)
    if (taken === undefined) return
    const { channel, missed } = taken
    const { producer, sequence, time } = message
    const { topic } = channel
    const logTime = this.#time
    if (missed > 0) this.#gaps.add({ topic, producer, reason: 'overwritten', missed }, logTime)
    const data = recordedBytes(channel, message)
    if (data === undefined) {
      this.#gaps.add({ topic, producer, reason: 'unreadable', missed: 1 }, logTime)
      return
    }
    const publishTime = time === undefined ? logTime : nanoseconds(time)
    this.#output.add({ channel, sequence, logTime, publishTime, data })
    this.#messages++
  }

  async #end(): Promise<void> {
    try {
      this.#sources.scan()
      for (const deadline = now() + LAST_READ_MS; this.#read() && now() < deadline; ) await pause(0)
      await this.#output.end(this.#gaps.take())
      this.#sources.close()
      this.#resolve(this.figures)
    } catch (error) {
      this.#sources.close()
      this.#reject(error)
    }
  }

  /** Keeps what was recorded, if the file can still be written. */
  #fail(error: unknown): void {
    this.#isStopping = true
    this.#sources.close()
    const reject = () => this.#reject(error)
    this.#output.end(this.#gaps.take()).then(reject, reject)
  }
}

/** Returns undefined for bytes that are no value of the schema. */
function recordedBytes(channel: RecordedChannel, message: TailMessage): Uint8Array | undefined {
  try {
    return channel.encoding.record(message)
  } catch {
    return undefined
  }
}
