import { setTimeout } from 'node:timers/promises'
import { SharedMemoryError } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import { type Client, RemoteError } from '@memlane/producer'
import { isWhole, type NumberedMessage, numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random } from '@memlane/testing/random'
import { MAX_ENTRIES, SENT, TORN } from '../kill/ledger.js'
import { type CallLedger, LOST } from './ledger.js'
import { ANSWER, type Numbers, partsOf } from './procedures.js'
import { settledOnce } from './settled-once.js'

type Caller = Client<typeof Numbers.procedures>
type Plain = 'plain' | 'again' | 'place' | 'reply' | 'fails'
type Procedure = Plain | 'parts' | 'hold'

const PLAIN: readonly Plain[] = ['plain', 'again', 'place', 'reply', 'fails']
/** How often a client streams an answer, and how often it calls the handler that never ends by itself. */
const STREAMS = 0.25
const HOLDS = 0.05
/** How often a client gives up a call: by its time, or by its signal. */
const TIMEOUTS = 0.1
const ABORTS = 0.1
/** The same of calls that go to another server when their server dies: some of them must end in between. */
const TIMEOUTS_OF_IDEMPOTENT = 0.5
const GIVE_UP_MS = 15
/** So many calls at a time that some wait for a slot, or few. */
const SEVERAL = [3, 12, 80]
/** So many calls are made in each pause. */
export const LAST_CALLS = 10
/** The parent looks for hung participants long before. */
const NEVER_MS = 300_000

/** One client's calls. It notes in the ledger how each call is settled. */
export class Calling {
  readonly #ledger: CallLedger
  readonly #me: number
  readonly #random: Random
  readonly #isStopped: boolean

  /** @param isStopped whether this client may be stopped at any time */
  constructor(ledger: CallLedger, me: number, random: Random, isStopped: boolean) {
    this.#ledger = ledger
    this.#me = me
    this.#random = random
    this.#isStopped = isStopped
  }

  /** Tells whether there is room for so many calls in the ledger. */
  hasRoom(count: number): boolean {
    return (this.#ledger.counters(this.#me)[SENT] as number) + count < MAX_ENTRIES
  }

  /** One call that is not given up. */
  async last(client: Caller): Promise<void> {
    const request = this.#request('plain')
    await this.#settle(
      'plain',
      request,
      this.#once(request, () => client.plain(request)),
    )
  }

  /** Calls in some way, and waits until all of them are settled. */
  async some(client: Caller): Promise<void> {
    const random = this.#random
    const choice = random()
    if (choice < 0.2) this.#sync(client)
    else if (choice < 0.3) this.#inPlace(client)
    else if (choice < 0.5) await this.#one(client)
    else await Promise.all(Array.from({ length: 1 + random() * oneOf(random, SEVERAL) }, () => this.#one(client)))
  }

  /** As `some`; closes the client meanwhile. */
  async someAndClose(client: Caller): Promise<void> {
    const calls = Promise.all(Array.from({ length: 20 }, () => this.#one(client)))
    await setTimeout(this.#random() * 5)
    client.close()
    await calls
  }

  #request(procedure: Procedure): NumberedMessage {
    const own = this.#ledger.counters(this.#me)[SENT] as number
    this.#ledger.send(this.#me, own, procedure === 'again' || procedure === 'place')
    return numbered(this.#me, own, 0, own)
  }

  async #one(client: Caller): Promise<void> {
    const random = this.#random
    const kind = random()
    const procedure = kind < STREAMS ? 'parts' : kind < STREAMS + HOLDS ? 'hold' : oneOf(random, PLAIN)
    const request = this.#request(procedure)
    const choice = procedure === 'hold' ? random() * (TIMEOUTS + ABORTS) : random()
    const timeouts = procedure === 'again' ? TIMEOUTS_OF_IDEMPOTENT : TIMEOUTS
    const options =
      choice < timeouts
        ? { timeoutMs: random() * GIVE_UP_MS }
        : choice < timeouts + ABORTS
          ? { signal: AbortSignal.timeout(1 + Math.floor(random() * GIVE_UP_MS)) }
          : {}
    const answer =
      procedure === 'parts'
        ? this.#parts(request, client.parts(request, options))
        : this.#once(request, () => client[procedure](request, options))
    await this.#settle(procedure, request, answer, options.signal)
  }

  /** Takes the parts of an answer, or some of them. Then the iterator has ended. */
  async #parts(request: NumberedMessage, parts: AsyncIterableIterator<NumberedMessage>): Promise<undefined> {
    try {
      await this.#take(request, parts)
    } finally {
      const ends = await Promise.allSettled([parts.next(), parts.next()])
      if (ends.some((end) => end.status === 'rejected' || end.value.done !== true)) {
        this.#ledger.settledAgain(this.#me, request.own)
      }
    }
  }

  async #take(request: NumberedMessage, parts: AsyncIterable<NumberedMessage>): Promise<void> {
    const random = this.#random
    let next = 0
    for await (const part of parts) {
      this.#check(request, part, next++)
      const choice = random()
      if (choice < 0.01) await setTimeout(random() * 5)
      else if (choice < 0.02) return
    }
    if (next !== partsOf(request)) this.#tear(`got ${next} parts in answer to call ${request.own}`)
  }

  /** Calls a method of the client. Notes in the ledger if the promise is settled twice, which the promise itself hides. */
  #once<T>(request: NumberedMessage, call: () => Promise<T>): Promise<T> {
    return settledOnce(call, () => this.#ledger.settledAgain(this.#me, request.own))
  }

  async #settle(
    procedure: Procedure,
    request: NumberedMessage,
    answer: Promise<NumberedMessage | undefined>,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      this.#answered(procedure, request, await answer)
    } catch (error) {
      this.#failed(procedure, request, error, signal)
    }
  }

  #sync(client: Caller): void {
    const procedure = oneOf(this.#random, PLAIN)
    const request = this.#request(procedure)
    try {
      this.#answered(procedure, request, client.callSync(procedure, request, { timeoutMs: this.#timeoutMs() }))
    } catch (error) {
      this.#failed(procedure, request, error)
    }
  }

  #inPlace(client: Caller): void {
    const procedure = oneOf(this.#random, ['plain', 'place'] as const)
    const inPlace = client.inPlace(procedure)
    const request = this.#request(procedure)
    try {
      const answer = inPlace.call(
        (view) => Object.assign(view, request),
        (view) => ({ ...view }),
        { timeoutMs: this.#timeoutMs() },
      )
      this.#answered(procedure, request, answer)
    } catch (error) {
      this.#failed(procedure, request, error)
    }
  }

  #timeoutMs(): number {
    return this.#random() < TIMEOUTS ? this.#random() * GIVE_UP_MS : NEVER_MS
  }

  #answered(procedure: Procedure, request: NumberedMessage, answer: NumberedMessage | undefined): void {
    if (procedure === 'fails') this.#tear(`got an answer to call ${request.own}, which fails`)
    if (answer !== undefined) {
      this.#check(request, answer, 0)
      this.#ledger.answered(this.#me, request.own)
    } else this.#ledger.givenUp(this.#me, request.own) // a stream may have been left before its handler began
  }

  #failed(procedure: Procedure, { own }: NumberedMessage, error: unknown, signal?: AbortSignal): void {
    if (signal?.aborted && error === signal.reason) this.#ledger.givenUp(this.#me, own)
    else if (error instanceof RemoteError) {
      const { name, message, code, data } = error
      const isRight = name === 'RangeError' && message === 'as it should' && code === 'FAILS' && data === own
      if (procedure !== 'fails' || !isRight) this.#tear(`got a wrong error of call ${own}: ${name}: ${message}`)
      this.#ledger.answered(this.#me, own)
    } else if (error instanceof SharedMemoryError) {
      const { code, taken } = error as SharedMemoryError & { taken?: unknown }
      if (code === 'DIED') {
        if (this.#ledger.died(this.#me, own, taken, this.#isStopped ? undefined : steadyNow())) return
        Atomics.add(this.#ledger.counters(this.#me), LOST, 1)
        console.error(`client ${this.#me} has lost its call ${own} of ${procedure}: ${error.message}`)
      } else if (code === 'TIMED_OUT' || code === 'CLOSED') this.#ledger.rejected(this.#me, own, taken)
      else throw error
    } else throw error
  }

  /** Checks that an answer, or a part of one, is that of this request. */
  #check({ author, own }: NumberedMessage, answer: NumberedMessage, part: number): void {
    const isRight =
      isWhole(answer) &&
      answer.author === author &&
      answer.own === own &&
      answer.lane === ANSWER &&
      answer.number === part
    if (!isRight) this.#tear(`got a wrong answer to call ${own}, part ${part}: ${JSON.stringify(answer)}`)
  }

  #tear(what: string): void {
    console.error(`client ${this.#me} ${what}`)
    Atomics.add(this.#ledger.counters(this.#me), TORN, 1)
  }
}
