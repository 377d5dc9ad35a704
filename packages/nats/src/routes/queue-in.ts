/**
 * A work queue of JetStream into a local queue. JetStream gets its acknowledgement of a job when a local *worker* has acknowledged it. Until then
 * the bridge says at intervals that the job is in good hands.
 *
 * | what happens | what the bridge tells JetStream |
 * |---|---|
 * | a worker acknowledges the job | `+ACK`, until the server confirms it |
 * | the job becomes a dead letter here | `+TERM`: it stays here, with its reason, and no other machine gets it |
 * | no worker lives any more | `-NAK`, after it has taken the job back: another machine gets it. If a worker had begun, the bridge publishes the job again, with the count of its deliveries, and then tells `+ACK` |
 * | the bridge stops | `-NAK` for what no worker has begun; running jobs get some seconds |
 * | JetStream's time limit for the job is over, because the network was down | nothing. If no worker has begun, takes the job back: another machine has it |
 * | the job fits no local schema, or is too long | `+TERM`, and counts it as refused |
 *
 * The bridge asks for a job only if a worker lives and fewer than `prefetch` jobs wait here. Each job is written to a journal before it is put
 * into the local queue. A bridge that was killed finds its jobs there, and goes on with those that are still in the queue.
 */

import { setTimeout } from 'node:timers/promises'
import { steadyNow } from '@memlane/core/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { decodeDescriptor } from '@memlane/protocol/internal'
import type { Msg } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../config/route-config.js'
import { abortable } from '../link/abortable.js'
import { Backoff } from '../link/backoff.js'
import type { Delivery } from '../link/delivery.js'
import type { Clients } from '../link/link.js'
import { problemText } from '../link/problem-text.js'
import { sharedController } from '../link/shared-controller.js'
import { DELIVERIES, MESSAGE_ID, SCHEMA } from '../message/headers.js'
import { LocalForm } from '../message/local-form.js'
import { refusalLog } from '../message/refusal-log.js'
import { schemaInFile } from '../message/schema-file.js'
import { filled, token } from '../message/subject-map.js'
import { JobJournal, type JournalEntry } from './queue/job-journal.js'
import { JobPulls } from './queue/job-pulls.js'
import { JobSlots } from './queue/job-slots.js'
import { type LocalQueue, localQueue } from './queue/local-queue.js'
import { type WorkQueueConsumer, workQueueConsumer } from './queue/work-queue-consumer.js'
import { workQueueStream } from './queue/work-queue-stream.js'
import type { RouteContext, RunRoute } from './route.js'

type Config = RouteConfigOf<'queue-in'>

/** The longest wait for an answer. It is shorter if JetStream's time limit is. */
const ANSWER_MS = 3_000
/** How long a bridge that stops waits for running jobs and for answers. */
const STOP_MS = 5_000
/** The longest time between two looks at the jobs. */
const LOOK_MS = 500
/** How often the bridge says in the time limit of JetStream that a job is in good hands. */
const SIGNS = 3
/** When JetStream may deliver a job again for which there was no slot, or whose schema could not be fetched. */
const LATER_MS = 1_000

const ACK = '+ACK'
const NAK = '-NAK'
const TERM = '+TERM'
const WORKING = '+WPI'
type Verdict = typeof ACK | typeof NAK | typeof TERM

/** A job in the local queue. */
interface Job {
  readonly entry: JournalEntry
  /** The word of its slot at the last look. */
  word: number
  nextSign: number
}

export const runQueueIn: RunRoute<Config> = async (config, context) => {
  const { link, signal } = context
  const clients = await link.whenUp(signal)
  const subject = filled(config.subject, { name: token(config.name) })
  const { jetstream, ackWaitMs } = config
  await workQueueStream(clients, { jetstream, subjects: subject })
  // All bridges of a work queue share one consumer: so its name says nothing of this bridge.
  const durable = config.durable ?? `memlane-${subject.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`
  const consumer = await workQueueConsumer(clients, { jetstream, durable, subject, ackWaitMs })
  const queue = await localQueue(
    config.name,
    dimensionsOf(config),
    () => schemaFor(config, context, clients, subject),
    signal,
  )
  const journal = new JobJournal(context.folder)
  try {
    const slots = new JobSlots(queue.channel, journal.entries[0]?.producer)
    try {
      await new QueueIn(config, context, clients, consumer, queue, slots, journal).run()
    } finally {
      slots.close()
    }
  } finally {
    journal.close()
    queue.channel.close()
  }
}

function dimensionsOf({ capacity, maxMessageLength, maxDeliveries }: Config) {
  return {
    ...(capacity !== undefined && { capacity }),
    ...(maxMessageLength !== undefined && { maxMessageLength }),
    ...(maxDeliveries !== undefined && { maxDeliveries }),
  }
}

/** The schema of a new local queue: that of the configuration, or else the one that the newest job names. */
async function schemaFor(
  { schemaFile, jetstream }: Config,
  { schemas, signal }: RouteContext,
  { manager }: Clients,
  subject: string,
): Promise<PayloadDescriptor | undefined> {
  if (schemaFile !== undefined) return schemaInFile(schemaFile)
  const newest = await manager.streams.getMessage(jetstream, { last_by_subj: subject })
  const found = await schemas.find(newest?.header.get(SCHEMA) ?? '', signal)
  return found === undefined ? undefined : (decodeDescriptor(found) as PayloadDescriptor)
}

class QueueIn {
  readonly #config: Config
  readonly #context: RouteContext
  readonly #clients: Clients
  readonly #ackWaitMs: number
  readonly #lookMs: number
  readonly #slots: JobSlots
  readonly #journal: JobJournal
  readonly #form: LocalForm
  readonly #pulls: JobPulls
  readonly #instance: string
  /** The jobs in the local queue, by their keys. */
  readonly #jobs = new Map<string, Job>()
  /** Jobs that have left the local queue, and that JetStream does not know of yet. */
  readonly #settling = new Map<string, Promise<void>>()
  /** Jobs that have come and are not in the local queue yet. */
  #arriving = 0
  #waiting = 0
  #isPoked = false
  #isStopping = false
  readonly #logRefusal: (text: string) => void
  /** The error that ends the route. */
  #error: unknown
  /** Aborts when the route ends. */
  readonly #end = sharedController()
  /** Aborts when no more answers come: the connection is down, or the route ends. */
  #connected = sharedController()

  constructor(
    config: Config,
    context: RouteContext,
    clients: Clients,
    consumer: WorkQueueConsumer,
    { channel, descriptor }: LocalQueue,
    slots: JobSlots,
    journal: JobJournal,
  ) {
    this.#config = config
    this.#context = context
    this.#logRefusal = refusalLog(context.log)
    this.#clients = clients
    this.#ackWaitMs = consumer.ackWaitMs
    this.#lookMs = Math.min(LOOK_MS, consumer.ackWaitMs / SIGNS / 2)
    this.#slots = slots
    this.#journal = journal
    this.#form = new LocalForm(descriptor, context.schemas)
    this.#instance = Buffer.from(channel.header.instance).toString('hex')
    this.#pulls = new JobPulls(clients.connection, config.jetstream, consumer.name, (job) => {
      this.#arriving++
      void this.#accept(job)
        .catch((error: unknown) => {
          this.#error = error // the journal cannot be written
        })
        .finally(() => {
          this.#arriving--
          this.#poke()
        })
    })
  }

  async run(): Promise<void> {
    const { link, signal } = this.#context
    const stopListening = link.onChange((isUp) => {
      this.#pulls.forget()
      if (isUp) this.#poke()
      else this.#disconnect()
    })
    const stop = () => this.#poke()
    signal.addEventListener('abort', stop)
    try {
      for (const entry of this.#journal.entries) this.#takeUp(entry)
      while (!signal.aborted) {
        if (this.#error !== undefined) throw this.#error
        if (!this.#pulls.hasConsumer) throw new Error('the durable consumer of JetStream was deleted.')
        this.#look()
        this.#pull()
        await this.#wait(this.#lookMs)
      }
      await this.#finish()
    } finally {
      this.#end.abort(new Error('the bridge stops'))
      this.#disconnect()
      await Promise.all(this.#settling.values())
      signal.removeEventListener('abort', stop)
      stopListening()
      this.#pulls.close()
      this.#context.figures.inFlight = 0
    }
  }

  /** Goes on with a job of an earlier run. */
  #takeUp(entry: JournalEntry): void {
    const { key } = entry
    if (entry.queue !== this.#instance) {
      // That queue has ended, with all that was in it.
      this.#leave(entry, NAK)
      return
    }
    const state = this.#slots.stateOf(entry)
    if (entry.isBack && state === 'done') {
      // It is no longer in the local queue, probably because it was taken back.
      this.#leave(entry, NAK)
      return
    }
    this.#jobs.set(key, { entry, word: 0, nextSign: 0 })
  }

  /** Puts a job that has come into the local queue. */
  async #accept({ message, facts, sequence, time }: Delivery): Promise<void> {
    const key = `${sequence}-${time}`
    const ack = message.reply as string
    const until = steadyNow() + this.#ackWaitMs
    if (!this.#form.isKnown(facts)) {
      try {
        await this.#form.learn(facts, this.#end.signal)
      } catch {
        void this.#tell(ack, later())
        return
      }
    }
    const known = this.#jobs.get(key)
    if (known !== undefined) {
      // JetStream has not heard of this bridge for too long. The job is still here.
      known.entry.ack = ack
      known.entry.until = until
      this.#context.figures.duplicates++
      this.#journal.alive(known.entry)
      return
    }
    if (this.#settling.has(key)) return // the answer is on its way
    if (this.#journal.hasEnded(key)) {
      this.#context.figures.duplicates++
      void this.#tell(ack, ACK)
      return
    }
    let bytes: Uint8Array
    try {
      bytes = this.#checked(this.#form.bytesOf(message.data, facts))
    } catch (error) {
      this.#refuse(ack, error)
      return
    }
    if (this.#isStopping || this.#slots.consumers === 0) {
      void this.#tell(ack, NAK)
      return
    }
    const deliveries = deliveriesIn(message)
    const isPut = this.#slots.put(bytes, deliveries, (place) => {
      const entry: JournalEntry = { key, ack, until, deliveries, queue: this.#instance, ...place }
      this.#journal.put(entry)
      this.#jobs.set(key, { entry, word: 0, nextSign: steadyNow() + this.#ackWaitMs / SIGNS })
    })
    if (!isPut) {
      void this.#tell(ack, later())
      return
    }
    this.#journal.there(key)
    this.#context.figures.bytes += message.data.length
  }

  #checked(bytes: Uint8Array): Uint8Array {
    const { maxMessageLength } = this.#slots
    if (bytes.length <= maxMessageLength) return bytes
    throw new RangeError(`${bytes.length} bytes are more than maxMessageLength ${maxMessageLength} of the queue`)
  }

  #refuse(ack: string, error: unknown): void {
    this.#context.figures.dropped.refused++
    void this.#tell(ack, TERM)
    this.#logRefusal(`refused a message: ${problemText(error)}`)
  }

  /** Sees what has become of the jobs, and tells JetStream. */
  #look(): void {
    const slots = this.#slots
    slots.refresh()
    const time = steadyNow()
    this.#waiting = 0
    // New jobs can only be taken back from the oldest on, and they are in that order here.
    const jobs = [...this.#jobs.values()]
    const lastLate = jobs.findLastIndex(({ entry }) => time >= this.#safeUntil(entry))
    const isOpen = slots.consumers > 0 && !this.#isStopping
    for (const [index, job] of jobs.entries()) this.#lookAt(job, isOpen && index > lastLate)
    const { figures } = this.#context
    figures.inFlight = this.#jobs.size + this.#settling.size
    figures.lag = this.#waiting
  }

  /** @param isKept false if a job that no worker has begun must go back to JetStream */
  #lookAt(job: Job, isKept: boolean): void {
    const slots = this.#slots
    const { entry } = job
    if (slots.consumers === 0) slots.giveUpIfDead(entry)
    job.word = slots.wordOf(entry)
    const state = slots.stateOf(entry)
    switch (state) {
      case 'done':
        this.#leave(entry, ACK)
        break
      case 'absent':
        this.#leave(entry, NAK)
        break
      case 'dead':
        this.#context.log(`a job became a dead letter: ${slots.reasonOf(entry) ?? 'its workers died'}`)
        this.#leave(entry, TERM)
        break
      case 'waiting':
      case 'delayed':
        if (!isKept && this.#takeBack(entry)) break
        if (state === 'waiting') this.#waiting++
        if (isKept) this.#signIfDue(job)
        break
      case 'running':
        this.#signIfDue(job)
    }
  }

  /** JetStream surely keeps the job for this bridge until then. */
  #safeUntil({ until }: JournalEntry): number {
    // After a restart of the machine, the clock has begun anew.
    return until > steadyNow() + this.#ackWaitMs ? 0 : until - this.#ackWaitMs / 10
  }

  /** @returns false if a worker was faster */
  #takeBack(entry: JournalEntry): boolean {
    this.#journal.back(entry.key)
    const deliveries = this.#slots.deliveriesOf(entry)
    if (this.#slots.takeBack(entry)) {
      this.#leave(entry, NAK, deliveries)
      return true
    }
    this.#journal.put(entry)
    return false
  }

  #pull(): void {
    if (!this.#context.link.isUp || this.#slots.consumers === 0 || !this.#slots.hasRoom()) return
    const count = this.#config.prefetch - this.#waiting - this.#arriving
    if (count > 0) this.#pulls.ask(count)
  }

  /** A job leaves the local queue, and JetStream is told. */
  #leave(entry: JournalEntry, verdict: Verdict, deliveries = entry.deliveries): void {
    this.#jobs.delete(entry.key)
    const settled = this.#settle(entry, verdict, deliveries).finally(() => {
      this.#settling.delete(entry.key)
      this.#poke()
    })
    this.#settling.set(entry.key, settled)
  }

  /** Tells JetStream what has become of a job until it confirms that. Never rejects. */
  async #settle(entry: JournalEntry, outcome: Verdict, deliveries: number): Promise<void> {
    const { figures, link } = this.#context
    const { signal } = this.#end
    const backoff = new Backoff()
    let verdict = outcome
    try {
      if (deliveries > entry.deliveries && (await this.#passOn(entry, deliveries))) verdict = ACK
      for (;;) {
        if (verdict === ACK) await link.whenUp(signal)
        // After its time, the job is with another bridge. Then only the news that it is done is good for anything.
        else if (!link.isUp || steadyNow() >= this.#safeUntil(entry)) break
        // A second -NAK could take the job away from another bridge. Without an answer, JetStream waits until its time is over.
        if ((await this.#tell(entry.ack, verdict)) || verdict === NAK) break
        figures.retries++
        await setTimeout(backoff.next(), undefined, { signal })
      }
      if (outcome === ACK) figures.forwarded++
      this.#journal.end(entry.key, verdict === ACK)
    } catch (error) {
      if (!signal.aborted) this.#error = error // otherwise the next run goes on with the journal
    }
  }

  /**
   * Publishes a job again that workers here have begun and not finished, with the count of its deliveries. So a job that kills its workers becomes
   * a dead letter in the end, on whatever machine.
   *
   * @returns false if JetStream may not have the copy
   */
  async #passOn(entry: JournalEntry, deliveries: number): Promise<boolean> {
    const { manager, jetstream } = this.#clients
    const stream = this.#config.jetstream
    if (!this.#context.link.isUp || steadyNow() >= this.#safeUntil(entry)) return false
    try {
      const stored = await manager.streams.getMessage(stream, { seq: Number(entry.key.split('-')[0]) })
      if (stored === null) return false
      stored.header.set(DELIVERIES, String(deliveries))
      stored.header.set(MESSAGE_ID, `${stream}-${entry.key}-${deliveries}`)
      const options = { headers: stored.header, expect: { streamName: stream }, timeout: ANSWER_MS }
      await abortable(jetstream.publish(stored.subject, stored.data, options), this.#connected.signal)
      return true
    } catch {
      return false // the job goes back without its count
    }
  }

  #signIfDue(job: Job): void {
    if (steadyNow() >= job.nextSign) void this.#sign(job)
  }

  /** Says that a job is in good hands. */
  async #sign(job: Job): Promise<void> {
    const { entry } = job
    const time = steadyNow()
    job.nextSign = time + this.#ackWaitMs / SIGNS
    if (!this.#context.link.isUp || !(await this.#tell(entry.ack, WORKING))) return
    entry.until = Math.max(entry.until, time + this.#ackWaitMs)
    if (this.#jobs.get(entry.key) === job) this.#journal.alive(entry)
  }

  #disconnect(): void {
    this.#connected.abort(new Error('no answer comes any more'))
    this.#connected = sharedController()
  }

  /** @returns whether the server has confirmed it */
  async #tell(ack: string, what: string): Promise<boolean> {
    try {
      const timeout = Math.min(ANSWER_MS, this.#ackWaitMs / 4)
      await abortable(this.#clients.connection.request(ack, what, { timeout }), this.#connected.signal)
      return true
    } catch {
      return false
    }
  }

  /** Gives back what no worker has begun, and waits some seconds for the others. */
  async #finish(): Promise<void> {
    this.#isStopping = true
    const deadline = steadyNow() + STOP_MS
    do {
      this.#look()
      await this.#wait(Math.max(0, Math.min(this.#lookMs, deadline - steadyNow())))
    } while (this.#jobs.size + this.#settling.size + this.#arriving > 0 && steadyNow() < deadline)
    // The workers go on with the rest. Another bridge in this place acknowledges them if it starts in time.
    await Promise.all([...this.#jobs.values()].map((job) => this.#sign(job)))
  }

  async #wait(timeoutMs: number): Promise<void> {
    const hasChanged = () => {
      if (this.#isPoked) return true
      for (const { entry, word } of this.#jobs.values()) if (this.#slots.wordOf(entry) !== word) return true
      return false
    }
    await this.#slots.wait(hasChanged, timeoutMs)
    this.#isPoked = false
  }

  #poke(): void {
    this.#isPoked = true
    this.#slots.wake()
  }
}

function later(): string {
  return `${NAK} ${JSON.stringify({ delay: LATER_MS * 1_000_000 })}`
}

/** How often workers elsewhere had got a job. Any program may have written it. */
function deliveriesIn({ headers }: Msg): number {
  const text = headers?.get(DELIVERIES) ?? ''
  return /^\d{1,5}$/.test(text) ? Number(text) : 0
}
