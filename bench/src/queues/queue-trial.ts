/** One trial of the suite `queue`, as its programs get it. */
export interface QueueTrial {
  readonly peer: QueuePeerName
  readonly variant: string
  readonly producers: number
  readonly consumers: number
  /** Bytes of a message. */
  readonly payload: number
  readonly warmUpMs: number
  readonly measuredMs: number
  /** If not 0: the producer sends one message after each pause, and consumers measure the time from there to their handler. */
  readonly pauseMs: number
  /** A text that no other trial has, for names. */
  readonly name: string
  /** When to begin to count, in milliseconds of Date.now(); set when all processes are ready. */
  readonly start: number
}

export type QueuePeerName = 'memlane' | 'zeromq' | 'child_process' | 'MessagePort' | 'BullMQ'

/** The figures of one consumer. */
export interface ConsumerReport {
  /** Messages between `start` and `start + measuredMs`. */
  readonly messages: number
  /** Microseconds from send to handler, one for each message, if `pauseMs` is not 0. */
  readonly delaysUs: readonly number[]
}

/** The figures of one trial. */
export interface QueueReport {
  readonly messagesPerSecond: number
  readonly delayUs: { readonly mean: number; readonly p50: number; readonly p99: number }
}

/** Counts the messages of one consumer in the measured time. */
export class QueueTally {
  readonly #trial: QueueTrial
  readonly #delaysUs: number[] = []
  #count = 0
  #atStart = 0
  #atEnd = -1
  #started = false

  constructor(trial: QueueTrial) {
    this.#trial = trial
  }

  /** A message has come. @param sentAt when it was sent, in milliseconds of `clock` */
  add(sentAt: number): void {
    this.#count++
    if (this.#trial.pauseMs === 0) {
      if ((this.#count & 63) === 0) this.look()
      return
    }
    this.look()
    if (this.#started && this.#atEnd === -1) this.#delaysUs.push((clock() - sentAt) * 1000)
  }

  /** Looks at the time. Call it now and then, also if no message comes. */
  look(): void {
    const time = Date.now()
    const { start, measuredMs } = this.#trial
    if (!this.#started && time >= start) {
      this.#started = true
      this.#atStart = this.#count
    }
    if (this.#started && this.#atEnd === -1 && time >= start + measuredMs) this.#atEnd = this.#count
  }

  get isOver(): boolean {
    return this.#atEnd !== -1
  }

  get report(): ConsumerReport {
    return { messages: this.#atEnd - this.#atStart, delaysUs: this.#delaysUs }
  }
}

/** Milliseconds of a clock that all processes share. */
export function clock(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/** True while a producer must send: until a moment after the measured time. */
export function isRunning({ start, measuredMs }: QueueTrial): boolean {
  return Date.now() < start + measuredMs + 100
}
