/**
 * The publishes that JetStream has not answered yet.
 *
 * They are kept in the order in which they were first published. An answer may come late, twice, or never, so a failure stops everything:
 * the window counts a new attempt, and begins again at the oldest message without an answer. `Nats-Msg-Id` makes JetStream drop those that
 * it has.
 *
 * Messages must not overtake each other when one of them is lost on the way, for example at the change of a leader. So each message names
 * the one before it as the last that the stream must hold (`Nats-Expected-Last-Msg-Id`), and JetStream refuses it otherwise. That works
 * only if nobody else publishes to the stream. If somebody does, the window notices refusals without a loss, and goes on without that
 * header. A message that JetStream has had before is never named: if it is the last of the stream, then the one that names it is taken
 * although those between are missing.
 */

import { microtask, now, setTimeout } from '@memlane/core/internal'
import { createInbox, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from '@nats-io/nats-core'
import type { RouteFigures } from '../route-figures.js'
import type { Outgoing, Sender } from './outgoing.js'

/** How long JetStream may take to answer. */
const ANSWER_MS = 5_000
/** At most so many bytes are in flight, unless a single message is longer. */
const MOST_BYTES = 16 * 2 ** 20
/** About the length of the headers of a message. */
const HEADERS_LENGTH = 350
/** So many refusals among so many messages show that somebody else publishes to the stream. */
const FOREIGN_REFUSALS = 4
const FOREIGN_MESSAGES = 10_000

/** Codes of errors of JetStream. */
const WRONG_LAST_MESSAGE = 10_070
/** The message will never fit: longer than the stream allows, or too many headers. */
const NEVER_FITS: readonly number[] = [10_054, 10_097]

/** Why publishing stopped. */
export interface Interruption {
  readonly reason: string
  /** What comes before the next attempt: nothing, preparations, or first a pause. */
  readonly next: 'go-on' | 'prepare' | 'pause'
}

interface Entry {
  message: Outgoing
  readonly bytes: number
  isSettled: boolean
  /** Its sequence in the stream of JetStream; 0 if unknown. */
  stored: number
  /** When it was first published, in ms; 0 before that. */
  firstPublished: number
  /** When it was last published. */
  published: number
}

export interface PublishWindowOptions {
  /** The stream of JetStream that must take the messages. */
  readonly jetstream: string
  readonly size: number
  readonly figures: RouteFigures
  /** Called once after one or more messages were settled. */
  readonly onSettled: () => void
  /** Gets a line for each message that was refused. */
  readonly onRefused: (text: string) => void
  readonly log: (text: string) => void
}

export class PublishWindow {
  readonly #options: PublishWindowOptions
  readonly #inbox = createInbox()
  readonly #entries: (Entry | undefined)[]
  readonly #goodAnswer: Buffer
  /** The number of the oldest entry, of the next one to publish, and of the next one to add. */
  #first = 0
  #unsent = 0
  #next = 0
  #bytes = 0
  #attempt = 0
  #connection: NatsConnection | undefined
  #answers: Subscription | undefined
  #interrupt: ((interruption: Interruption) => void) | undefined
  #early: Interruption | undefined
  #checking = false
  /** The message that was published before the next one of this attempt. */
  #before: Outgoing | undefined
  #isAlone = true
  #foreignRefusals = 0
  #lastForeign = 0
  #hasToldForeign = false
  #willTellSettled = false
  #isClosed = false
  #latestStored = 0
  #known: ReadonlySet<string> = new Set()

  constructor(options: PublishWindowOptions) {
    this.#options = options
    this.#entries = new Array(options.size).fill(undefined)
    this.#goodAnswer = Buffer.from(`{"stream":${JSON.stringify(options.jetstream)},`)
  }

  /** The number of messages that wait for an answer, or to be published. */
  get length(): number {
    return this.#next - this.#first
  }

  get hasRoom(): boolean {
    return this.length < this.#options.size && this.#bytes < MOST_BYTES
  }

  /** How many messages have been settled. */
  get settled(): number {
    return this.#first
  }

  /** The sequence of the last settled message in the stream of JetStream; 0 before the first one. */
  get latestStored(): number {
    return this.#latestStored
  }

  /** When the oldest message was first published, in ms of core's clock; undefined if there is none. */
  get oldestPublished(): number | undefined {
    return this.#entries[this.#first % this.#options.size]?.firstPublished || undefined
  }

  /** Adds a message, and publishes it at once unless publishing is interrupted. Call it only if there is room. */
  push(message: Outgoing): void {
    const bytes = message.payload.length + HEADERS_LENGTH
    this.#bytes += bytes
    const entry: Entry = { message, bytes, isSettled: false, stored: 0, firstPublished: 0, published: 0 }
    this.#entries[this.#next++ % this.#options.size] = entry
    if (this.#interrupt !== undefined) this.#publishRest()
  }

  /** Replaces each message of other senders than `kept`, the oldest first. The new one is the same, with another sender. */
  replace(kept: Sender | undefined, replacement: (message: Outgoing) => Outgoing): void {
    for (let number = this.#first; number < this.#next; number++) {
      const entry = this.#entries[number % this.#options.size] as Entry
      if (entry.message.sender !== kept) entry.message = replacement(entry.message)
    }
  }

  /** Tells which messages JetStream has stored before: they are not published again. Replaces those of an earlier call. */
  knowStored(ids: ReadonlySet<string>): void {
    this.#known = ids
  }

  /** Publishes everything that has no answer, and what comes, until that is interrupted. */
  run(connection: NatsConnection): Promise<Interruption> {
    if (this.#connection !== connection) {
      this.#connection = connection
      this.#answers = connection.subscribe(`${this.#inbox}.>`, {
        callback: (error, answer) => (error === null ? this.#onAnswer(answer) : this.#onRefusedInbox(error)),
      })
    }
    const early = this.#early
    this.#early = undefined
    if (early !== undefined) return Promise.resolve(early)
    return new Promise((resolve) => {
      this.#interrupt = resolve
      this.#before = undefined
      this.#publishRest()
    })
  }

  /** Ignores what comes from now on. */
  close(): void {
    this.#isClosed = true
    if (this.#connection?.isClosed() === false) this.#answers?.unsubscribe()
  }

  /** Ends the current attempt. If there is none, ends the next one before it begins, so that what comes before it is done again. */
  interrupt(reason: string, next: Interruption['next'] = 'pause'): void {
    const interrupt = this.#interrupt
    this.#interrupt = undefined
    this.#attempt++
    this.#unsent = this.#first
    this.#options.figures.inFlight = 0
    if (next !== 'go-on') {
      this.#isAlone = true // the others may have ended
      this.#foreignRefusals = 0
    }
    if (interrupt !== undefined) interrupt({ reason, next })
    else this.#early = { reason, next }
  }

  #publishRest(): void {
    const { size, figures } = this.#options
    const time = now()
    while (this.#unsent < this.#next) {
      const number = this.#unsent++
      const entry = this.#entries[number % size] as Entry
      if (!entry.isSettled) this.#publish(entry, number, time)
    }
    figures.inFlight = this.length
    this.#advance() // past those that were refused
    if (!this.#checking && this.length > 0) this.#checkAnswers()
  }

  #publish(entry: Entry, number: number, time: number): void {
    const { message } = entry
    if (this.#known.has(idOf(message))) {
      this.#options.figures.duplicates++
      this.#settle(entry)
      return
    }
    const connection = this.#connection as NatsConnection
    const expected =
      this.#before === undefined || !this.#isAlone ? '' : `Nats-Expected-Last-Msg-Id: ${idOf(this.#before)}\r\n`
    const { label, sequence, time: readTime, payload } = message
    const headers = Buffer.from(`NATS/1.0\r\n${label.headersOf(sequence, readTime)}${expected}\r\n`, 'latin1')
    const most = connection.info?.max_payload ?? Infinity
    const length = headers.length + payload.length
    if (length > most) {
      this.#refuse(entry, `${length} bytes with its headers are more than the server takes (max_payload is ${most})`)
      return
    }
    if (entry.published !== 0) this.#options.figures.retries++
    else entry.firstPublished = time
    entry.published = time
    this.#before = message
    // The client only encodes the headers.
    const encoded = { encode: () => headers } as unknown as MsgHdrs
    connection.publish(label.fields.subject, payload, {
      headers: encoded,
      reply: `${this.#inbox}.${this.#attempt}.${number}`,
    })
  }

  /** The server does not let this user subscribe to the answers. The next attempt asks again. */
  #onRefusedInbox({ message }: Error): void {
    this.#connection = undefined
    this.interrupt(message)
  }

  #onAnswer(answer: Msg): void {
    const { size, figures } = this.#options
    const { subject } = answer
    const dot = subject.lastIndexOf('.')
    const number = Number(subject.slice(dot + 1))
    const entry = number >= this.#first && number < this.#next ? this.#entries[number % size] : undefined
    if (entry === undefined || entry.isSettled || this.#isClosed) return
    const isCurrent = Number(subject.slice(this.#inbox.length + 1, dot)) === this.#attempt
    const { data } = answer
    const start = this.#goodAnswer
    const isGood = data.length > start.length && start.compare(data, 0, start.length) === 0
    const stored = isGood ? storedIn(data) : undefined
    if (stored !== undefined) {
      if (stored.duplicate === true) figures.duplicates++
      entry.stored = stored.seq
      this.#settle(entry)
      this.#advance()
    } else if (isCurrent && this.#interrupt !== undefined) this.#onFailure(answer, entry, number)
  }

  #onFailure(answer: Msg, entry: Entry, number: number): void {
    const { jetstream } = this.#options
    if (answer.headers?.code === 503) {
      this.interrupt(`no stream of JetStream takes messages of subject "${entry.message.label.fields.subject}" now`)
      return
    }
    const { error, stream } = failureIn(answer.data)
    if (error === undefined) {
      const other = stream === undefined ? 'no stream of JetStream' : `the stream "${stream}"`
      this.interrupt(`${other} has answered for subject "${entry.message.label.fields.subject}", not "${jetstream}"`)
    } else if (NEVER_FITS.includes(error.code)) {
      this.#refuse(entry, error.description)
      this.#before = undefined
      this.interrupt(error.description, 'go-on') // those behind it name it as the one before
      this.#advance()
    } else if (error.code === WRONG_LAST_MESSAGE) {
      // All before it are stored, so another message has come in between.
      if (number === this.#first) this.#noteForeign()
      this.interrupt(error.description, 'go-on')
    } else this.interrupt(`JetStream refuses a message: ${error.description}`)
  }

  #noteForeign(): void {
    const { jetstream, log } = this.#options
    if (this.#first - this.#lastForeign > FOREIGN_MESSAGES) this.#foreignRefusals = 0
    this.#lastForeign = this.#first
    if (!this.#isAlone || ++this.#foreignRefusals < FOREIGN_REFUSALS) return
    this.#isAlone = false
    if (this.#hasToldForeign) return
    this.#hasToldForeign = true
    log(`others publish to the stream "${jetstream}", too: when its leader changes, messages may change places`)
  }

  #refuse(entry: Entry, reason: string): void {
    const { figures, onRefused } = this.#options
    figures.dropped.refused++
    onRefused(`message ${idOf(entry.message)} is refused: ${reason}`)
    entry.isSettled = true
  }

  #settle(entry: Entry): void {
    const { figures } = this.#options
    figures.forwarded++
    figures.bytes += entry.message.payload.length
    entry.isSettled = true
  }

  /** Tells the senders of those messages before which nothing waits. */
  #advance(): void {
    const { size, onSettled } = this.#options
    const start = this.#first
    while (this.#first < this.#next) {
      const entry = this.#entries[this.#first % size] as Entry
      if (!entry.isSettled) break
      this.#entries[this.#first % size] = undefined
      this.#first++
      this.#bytes -= entry.bytes
      if (entry.stored > 0) this.#latestStored = entry.stored
      entry.message.sender.settle(entry.message)
    }
    if (this.#first === start) return
    if (this.#unsent < this.#first) this.#unsent = this.#first
    if (this.#interrupt !== undefined) this.#options.figures.inFlight = this.length
    if (this.#willTellSettled) return
    // Once for all answers that have come in one piece.
    this.#willTellSettled = true
    microtask(() => {
      this.#willTellSettled = false
      if (!this.#isClosed) onSettled()
    })
  }

  /** One timer for all: it looks at the oldest message. */
  #checkAnswers(): void {
    const oldest = this.#entries[this.#first % this.#options.size]
    this.#checking = oldest !== undefined && this.#interrupt !== undefined
    if (oldest === undefined || this.#interrupt === undefined) return
    const left = oldest.published + ANSWER_MS - now()
    if (left <= 0) {
      this.#checking = false
      this.interrupt(`JetStream has not answered for ${ANSWER_MS / 1000} s`)
    } else setTimeout(() => this.#checkAnswers(), left).unref()
  }
}

function idOf({ label, sequence }: Outgoing): string {
  return label.idOf(sequence)
}

/** @returns undefined for an answer that JetStream cannot have given: others see the subject of the answers, too */
function storedIn(data: Uint8Array): { readonly seq: number; readonly duplicate?: unknown } | undefined {
  try {
    const answer = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1'))
    return Number.isSafeInteger(answer.seq) && answer.seq > 0 ? answer : undefined
  } catch {
    return undefined
  }
}

function failureIn(data: Uint8Array): { error?: { code: number; description: string }; stream?: string } {
  let answer: { error?: { err_code?: unknown; description?: unknown }; stream?: unknown }
  try {
    answer = JSON.parse(Buffer.from(data).toString())
  } catch {
    return {}
  }
  if (typeof answer?.error === 'object' && answer.error !== null) {
    const { err_code: code, description } = answer.error
    return { error: { code: Number(code), description: String(description) } }
  }
  return typeof answer?.stream === 'string' ? { stream: answer.stream } : {}
}
