import { dispose, now } from '@memlane/core/internal'
import type { ReadableChannel } from '../file/recorded-channels.js'
import type { RecordingFile } from '../file/recording-file.js'
import { recordError } from '../record-error.js'
import type { ReplayOptions } from './replay-options.js'
import { createTarget, type ExistingTarget, type ReplayTarget } from './replay-target.js'
import { Schedule } from './schedule.js'
import { type TimingError, TimingErrors } from './timing-error.js'

/** What a replay has done so far. */
export interface ReplayFigures {
  /** Messages that were sent. */
  readonly messages: number
  /** How often the recording was gone through to its end. */
  readonly rounds: number
  /** Milliseconds from the first message to the last. */
  readonly durationMs: number
  /** How late messages were sent. Undefined with `rate: 'unlimited'`, and before the first message. */
  readonly timingError: TimingError | undefined
}

/** A running replay. Make one with `replay`. */
export class ReplayRun implements Disposable {
  /** Resolves at the end of the replay. Rejects if a message could not be sent. */
  readonly finished: Promise<ReplayFigures>
  readonly #file: string
  readonly #recording: RecordingFile
  readonly #targets = new Map<string, ReplayTarget>()
  readonly #channels = new Map<number, ReadableChannel & { readonly target: ReplayTarget }>()
  readonly #schedule: Schedule
  readonly #errors = new TimingErrors()
  readonly #abort = new AbortController()
  #messages = 0
  #rounds = 0
  #firstMs: number | undefined
  #lastMs = 0

  constructor(
    file: string,
    recording: RecordingFile,
    channels: readonly ReadableChannel[],
    nameOf: (recorded: string) => string,
    existing: ExistingTarget,
    options: Pick<ReplayOptions, 'rate' | 'start' | 'end' | 'loop' | 'paused' | 'consumers'>,
  ) {
    this.#file = file
    this.#recording = recording
    const { rate = 1, paused = false } = options
    this.#schedule = new Schedule(rate === 'unlimited' ? Infinity : rate, paused)
    try {
      for (const channel of channels) {
        const name = nameOf(channel.note.name)
        const target = this.#targets.get(name) ?? createTarget(name, channel.note, existing)
        this.#targets.set(name, target)
        this.#channels.set(channel.id, { ...channel, target })
      }
    } catch (error) {
      this.#closeTargets()
      throw error
    }
    this.finished = this.#run(options)
    this.finished.catch(() => {}) // the caller may only look at `stop`
  }

  /** What was sent so far. */
  get figures(): ReplayFigures {
    return {
      messages: this.#messages,
      rounds: this.#rounds,
      durationMs: this.#firstMs === undefined ? 0 : Math.round(this.#lastMs - this.#firstMs),
      timingError: this.#errors.summary,
    }
  }

  /** True while no message is sent. */
  get paused(): boolean {
    return this.#schedule.isPaused
  }

  /** Sends no message until `resume` or `step` is called. */
  pause(): void {
    this.#schedule.pause()
  }

  /** Goes on. The times count from now on. */
  resume(): void {
    this.#schedule.resume()
  }

  /** Sends the next messages while the replay is paused. */
  step(count = 1): void {
    this.#schedule.step(count)
  }

  /** Ends the replay and closes the memory. A second call does nothing else. */
  stop(): Promise<ReplayFigures> {
    this.#abort.abort()
    this.#schedule.stop()
    return this.finished
  }

  /** Stops, for `using`. */
  [dispose](): void {
    void this.stop()
  }

  async #run({ start, end, loop = false, consumers = 0 }: Pick<ReplayOptions, 'start' | 'end' | 'loop' | 'consumers'>) {
    const { signal } = this.#abort
    try {
      if (consumers > 0) for (const target of this.#targets.values()) await target.consumersReady(consumers, signal)
      do {
        const before = this.#messages
        await this.#goThrough(start, end)
        if (signal.aborted) break
        this.#rounds++
        this.#schedule.restart()
        if (this.#messages === before) break // nothing lies between start and end
      } while (loop)
      for (const target of this.#targets.values()) await target.flush(signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#closeTargets()
      await this.#recording.close()
    }
    return this.figures
  }

  async #goThrough(start: number | Date | undefined, end: number | Date | undefined): Promise<void> {
    const recording = this.#recording
    const { messageStartTime: first = 0n } = recording.reader.statistics ?? {}
    const startTime = start === undefined ? first : timeOf(start, first)
    const range = { startTime, ...(end !== undefined && { endTime: timeOf(end, first) }) }
    for await (const { channelId, logTime, sequence, data } of recording.messages(range)) {
      const channel = this.#channels.get(channelId)
      if (channel === undefined) continue
      const bytes = this.#bytesOf(channel, sequence, data)
      const lateMs = await this.#schedule.wait(Number(logTime - startTime) / 1e6)
      if (this.#abort.signal.aborted) return
      const { target, note } = channel
      if (!target.trySend(bytes, note.key)) await target.send(bytes, this.#abort.signal)
      this.#messages++
      this.#lastMs = now()
      this.#firstMs ??= this.#lastMs
      if (lateMs !== undefined) this.#errors.add(lateMs)
    }
  }

  #bytesOf({ encoding, topic }: ReadableChannel, sequence: number, data: Uint8Array): Uint8Array {
    try {
      return encoding.bytesOf(data)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw recordError(
        'UNFIT_MESSAGE',
        this.#file,
        `message ${sequence} of "${topic}" cannot be sent: ${reason}`,
        error,
      )
    }
  }

  #closeTargets(): void {
    for (const target of this.#targets.values()) target.close()
    this.#targets.clear()
  }
}

/** Converts milliseconds since the first message, or a time, to nanoseconds since 1970. */
function timeOf(time: number | Date, first: bigint): bigint {
  if (time instanceof Date) return BigInt(time.getTime()) * 1_000_000n
  return first + BigInt(Math.round(time * 1e6))
}
